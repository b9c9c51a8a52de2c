"""The GPU kernels, in Triton, and the backend that calls them."""
