"""A variant's network."""
