"""What a machine may lack, and CI may not."""

import os

import pytest

REQUIRED = "INVOLUTION_ABLATE_TESTS_NEED_ALL"
"""Environment variable: set where a missing program is an error and no reason to skip."""


def lacking(program):
    """Skips the test for want of a program, or fails it where REQUIRED is set."""
    if REQUIRED in os.environ:
        pytest.fail(f"{program} is missing, and {REQUIRED} is set")
    pytest.skip(f"needs {program}")
