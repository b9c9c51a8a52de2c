"""The kernels themselves, in Triton's language."""

import os

INTERPRETED = os.environ.get("TRITON_INTERPRET") == "1"
"""Whether Triton's interpreter runs them, on the CPU."""
