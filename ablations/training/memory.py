"""Peak memory of tensors, from the allocators' own books: exact, and the same every time."""

import gc
import itertools
import os
from collections.abc import Callable

import torch
from torch.profiler import ProfilerActivity, profile

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
