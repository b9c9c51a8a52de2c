"""What a computation takes of its process: threads, the C allocator, peak memory."""

import ctypes
import gc
import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch.profiler import ProfilerActivity, profile


@contextmanager
def threads_fixed(number: int) -> Iterator[None]:
    """Within it torch computes with so many threads, behind it with as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


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


SILENT = "6"
"""Above every level of the profiler's log, which else goes to the terminal."""


def peak_bytes(work: Callable[[], object], device: torch.device) -> int:
    """The most bytes that tensors made by `work` hold on `device` at one time.

    What `work` finds allocated does not count; it must leave nothing allocated behind. On a CPU
    these are the bytes asked for, with CUDA those of the blocks that its allocator hands out.
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
    work()  # the libraries allocate work space on first use and keep it
    gc.collect()
    torch.cuda.synchronize(device)
    before = torch.cuda.memory_allocated(device)
    torch.cuda.reset_peak_memory_stats(device)
    work()
    torch.cuda.synchronize(device)
    return torch.cuda.max_memory_allocated(device) - before
