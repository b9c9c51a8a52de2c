"""From studies to records."""
