"""Sentences, no stronger than the data."""
