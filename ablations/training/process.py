"""Threads, C allocator and peak memory of this process."""

import ctypes
import gc
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.profiler import ProfilerActivity, profile

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
NEVER = 2**31 - 1

SILENT = "6"
"""Above every level of the profiler's log, which otherwise goes to the terminal."""


@contextmanager
def threads_fixed(number: int) -> Iterator[None]:
    """Have torch compute with this number of threads while the context lasts."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def keep_freed_memory() -> None:
    """Have glibc keep freed memory for the next tensor instead of returning it to the kernel.

    By default glibc maps every large buffer anew and returns it at once, and the kernel clears its
    pages each time, a good part of a training step on a CPU. Call it at the start of a program's
    own process; a library must not do this to its host. Does nothing without glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):
        return
    mallopt(M_MMAP_MAX, 0)
    mallopt(M_TRIM_THRESHOLD, NEVER)


def peak_bytes(work: Callable[[], object], device: torch.device) -> int:
    """Return the peak memory of the tensors that `work` makes on `device`, bytes.

    It is read from the allocators' own books, so it is exact and the same every time: on a CPU the
    bytes requested, with CUDA those of the allocator's blocks. Memory allocated before does not
    count, and `work` must leave none allocated.
    """
    gc.collect()
    if device.type == "cuda":
        return _peak_on_cuda(work, device)
    return _peak_on_cpu(work)


def _peak_on_cpu(work: Callable[[], object]) -> int:
    os.environ.setdefault("KINETO_LOG_LEVEL", SILENT)  # read when a process first profiles
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
        work()
    assert profiled.profiler is not None
    results = profiled.profiler.kineto_results
    assert results is not None
    changes = [event for event in results.events() if event.name() == "[memory]"]
    changes.sort(key=lambda event: event.start_ns())
    return max(itertools.accumulate((event.nbytes() for event in changes), initial=0))


def _peak_on_cuda(work: Callable[[], object], device: torch.device) -> int:
    work()  # libraries allocate work space on first use and keep it
    gc.collect()
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before
