"""The compiled CPU kernel: its source, how it is loaded, the backend that calls it."""
