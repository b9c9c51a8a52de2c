"""Wall time of a study on many nodes, some of which are lost: a simulation, no measurement.

A trial takes an hour, plus or minus a tenth, on one node. The run hands trials out one after
another, at the cost that `trials.py` measures. A node is lost at random, once in MTBF hours, and
replaced after a while; its trial resumes from its last checkpoint once all others have started, as
in the engines.

ideal:    work of all trials / nodes, or one trial's where nodes are more.
expected: of a single node, by the formula for work in segments between checkpoints: each takes
          (MTBF + replacement) (exp(segment / MTBF) - 1) on average. The simulation is held to it.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import heapq
import math
import random
import statistics
from collections import deque
from dataclasses import dataclass

from measuring import arguments, goal, write

HOUR = 3600.0
TRIALS, NODES = (100, 1_000, 10_000), (10, 100, 1_000)
MTBFS = (math.inf, 168 * HOUR, 24 * HOUR)
"""No node is lost; one in a week, as spot machines go; one in a day."""


@dataclass(frozen=True)
class Cluster:
    """Seconds.

    Attributes:
        mtbf: Mean time between losses of a node.
        replacement: Time until a lost node is replaced.
        checkpoint_every: Work between checkpoints, the checkpoint itself included.
        start: Time from the start of a trial's process until it trains.
        hand_out: The run's time per started trial.
    """

    mtbf: float
    replacement: float = 300.0
    checkpoint_every: float = 60.0
    start: float = 10.0
    hand_out: float = 0.005


@dataclass(frozen=True)
class Course:
    """What became of a study. Seconds; lost: nodes' time that led to nothing."""

    wall: float
    lost: float
    losses: int


def works(trials: int, draw: random.Random) -> list[float]:
    """Seconds of work of each trial."""
    return [HOUR * max(draw.gauss(1, 0.1), 0.5) for _ in range(trials)]


def simulate(trials: list[float], nodes: int, cluster: Cluster, draw: random.Random) -> Course:
    """Runs trials of so much work each on a cluster."""
    left = deque(trials)
    free = [0.0] * nodes  # when each is
    interrupted: list[tuple[float, float]] = []  # when a trial's node is lost, and what it leaves
    run_free = wall = lost = 0.0
    losses = 0
    while left or interrupted:
        now = heapq.heappop(free)
        while interrupted and (interrupted[0][0] <= now or not left):
            when, rest = heapq.heappop(interrupted)
            now = now if left else max(now, when)
            left.append(rest)
        begins = run_free = max(now, run_free) + cluster.hand_out
        work = left.popleft()
        holds = draw.expovariate(1.0) * cluster.mtbf
        done = holds - cluster.start
        if done >= work:
            ends = begins + cluster.start + work
            wall = max(wall, ends)
            heapq.heappush(free, ends)
            continue
        kept = max(math.floor(done / cluster.checkpoint_every), 0) * cluster.checkpoint_every
        losses += 1
        lost += holds - kept
        heapq.heappush(interrupted, (begins + holds, work - kept))
        heapq.heappush(free, begins + holds + cluster.replacement)
    return Course(wall, lost, losses)


def expected(work: float, cluster: Cluster) -> float:
    """Seconds of one trial on one node, on average; see above."""
    every, rest = cluster.checkpoint_every, work % cluster.checkpoint_every
    segments = [every] * int(work // every) + [rest]
    segments[0] += cluster.start
    rate = 1 / cluster.mtbf
    down = cluster.replacement + cluster.start  # a process starts again, too
    return sum((1 / rate + down) * math.expm1(rate * segment) for segment in segments)


def check() -> float:
    """Simulated over expected time of one trial on one node that is often lost."""
    cluster = Cluster(mtbf=HOUR / 4, hand_out=0)
    draw = random.Random(1)
    found = [simulate([HOUR], 1, cluster, draw).wall for _ in range(4_000)]
    return statistics.fmean(found) / expected(HOUR, cluster)


def main() -> None:
    options = arguments(__doc__)
    rows = []
    print(
        f"{'trials':>7} {'nodes':>6} {'MTBF, h':>8} {'ideal, h':>9} {'wall, h':>8} "
        f"{'ideal/wall':>10} {'losses':>7} {'lost, % of work':>16}"
    )
    for mtbf in MTBFS:
        for trials in TRIALS:
            for nodes in NODES:
                draw = random.Random(0)
                work = works(trials, draw)
                course = simulate(work, nodes, Cluster(mtbf), draw)
                ideal = max(sum(work) / nodes, max(work))
                rows.append(
                    {"trials": trials, "nodes": nodes, "mtbf": mtbf, "ideal": ideal, **vars(course)}
                )
                print(
                    f"{trials:7,} {nodes:6,} {mtbf / HOUR:8g} {ideal / HOUR:9.2f} "
                    f"{course.wall / HOUR:8.2f} {ideal / course.wall:10.2f} {course.losses:7,} "
                    f"{100 * course.lost / sum(work):16.2f}"
                )
    print()
    ratio = check()
    goals = [
        goal(
            "simulated / expected time of one trial, difference from 1", abs(ratio - 1), "<=", 0.03
        )
    ]
    write(options.json, {"rows": rows, "goals": goals})


if __name__ == "__main__":
    main()
