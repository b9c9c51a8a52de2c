"""Options, settings and output that several commands share."""
