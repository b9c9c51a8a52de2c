"""The GPU kernel, in Triton, and the backend that calls it."""
