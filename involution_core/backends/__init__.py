"""The implementations of the operator."""
