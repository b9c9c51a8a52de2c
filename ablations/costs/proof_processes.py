"""Networks that are counted side by side, each by a process of its own. No torch."""

import gc
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from ablations.costs.proof import Proof
from ablations.costs.proof_rows import Row, prove_rows

MOST = 4
"""Processes at most: each takes some 0.5 GiB, and the imports take as long as a few networks."""

METHOD = "forkserver" if sys.platform == "linux" else "spawn"


def prove_side_by_side(groups: list[list[Row]], processes: int) -> Iterator[list[Proof]]:
    """`prove_rows` of every group, in their order; with one process, here.

    Raises:
        UncountedOperator: Where an operator would be counted as zero.
        BrokenProcessPool: Where a process died.
    """
    processes = min(processes, MOST, len(groups))
    if processes <= 1:
        yield from map(prove_rows, groups)
        return
    context = get_context(METHOD)
    if METHOD == "forkserver":  # what all need is imported once
        context.set_forkserver_preload(["ablations.costs.prover"])
    with ProcessPoolExecutor(processes, context, _begin) as pool:
        yield from pool.map(prove_rows, groups)


def _begin() -> None:
    """A process leaves Ctrl-C to its parent, and cores to the others."""
    import torch

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    gc.freeze()  # what was imported stays, and need not be gone through for garbage
