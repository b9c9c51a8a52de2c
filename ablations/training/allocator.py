"""The C allocator's habits, for processes of our own."""

import ctypes

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = 2**31 - 1


def keep_freed_memory() -> None:
    """Has glibc keep what is freed for the next tensor instead of returning it to the kernel.

    By default it maps every large buffer anew and hands it back at once, and the pages are cleared
    each time they are touched first. That costs a training step on a CPU a good part of its time.
    For a program's own process, at its start; a library must not do this to its host. Without
    glibc it does nothing.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, NEVER)
