"""The cores of this machine. No torch."""

import os


def usable_cores() -> int:
    """Cores that this process may run on."""
    usable = getattr(os, "sched_getaffinity", None)
    return len(usable(0)) if usable else os.cpu_count() or 1
