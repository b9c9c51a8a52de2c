"""Declaration of settings and parsing of their values."""
