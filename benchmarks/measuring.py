"""What the benchmarks share: fair rounds, medians, the machine's own limits, printing."""

import argparse
import json
import math
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch

TURN = 0.02

Timed = Callable[[], object]
Key = TypeVar("Key")


def medians(peers: Mapping[Key, Timed], seconds: float = 1.0, rounds: int = 30) -> dict[Key, float]:
    """Median milliseconds of each peer, measured in turn, round by round.

    Every peer gets at least three rounds, and up to `rounds` until it has used `seconds`. Its turn
    starts with a run that does not count, so that none pays for what another left in the caches;
    then it runs until it has used TURN seconds, at least once, and every run counts.
    """
    times: dict[Key, list[float]] = {name: [] for name in peers}
    turns = dict.fromkeys(peers, 0)
    while True:
        waiting = [
            name
            for name, spent in times.items()
            if turns[name] < 3 or (turns[name] < rounds and sum(spent) < seconds)
        ]
        if not waiting:
            return {name: 1e3 * statistics.median(spent) for name, spent in times.items()}
        for name in waiting:
            turns[name] += 1
            peers[name]()
            turn = time.perf_counter()
            while (start := time.perf_counter()) - turn < TURN:
                peers[name]()
                times[name].append(time.perf_counter() - start)


def geometric_mean(values: list[float]) -> float:
    return math.exp(statistics.fmean(map(math.log, values)))


def machine() -> str:
    """What every figure depends on: instruction set, threads, version of torch."""
    instructions = torch.backends.cpu.get_cpu_capability()
    threads = torch.get_num_threads()
    return f"{platform.machine()} ({instructions}), {threads} threads, torch {torch.__version__}"


def machine_limits() -> dict[str, float]:
    """This machine's sgemm rate in GFLOP/s and copy rate in GB/s (bytes read and written)."""
    side, count = 2048, 2**26
    a, b = torch.randn(side, side), torch.randn(side, side)
    source, target = torch.randn(count), torch.empty(count)
    times = medians({"sgemm": lambda: a @ b, "copy": lambda: target.copy_(source)})
    return {
        "sgemm GFLOP/s": 2 * side**3 / times["sgemm"] / 1e6,
        "copy GB/s": 8 * count / times["copy"] / 1e6,
    }


def arguments(description: str | None) -> argparse.Namespace:
    """The one option of every benchmark."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure to FILE")
    return parser.parse_args()


def write(path: Path | None, figures: Any) -> None:
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n")


def goal(name: str, value: float, bound: str, limit: float) -> dict[str, Any]:
    """Prints a ratio beside what it should reach; bound is ">=" or "<="."""
    reached = value >= limit if bound == ">=" else value <= limit
    print(f"{name:70} {value:8.2f}   {bound} {limit:<6g} {'reached' if reached else 'NOT reached'}")
    return {"name": name, "value": value, "bound": f"{bound} {limit:g}", "reached": reached}
