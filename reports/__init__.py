"""From records to what people read: tables, plots, the HTML report, the terminal."""
