"""Trials in experiment trackers, beside the records."""
