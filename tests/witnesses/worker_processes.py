"""The worker processes of a run, from /proc."""

from pathlib import Path


def _running():
    """(pid, parent, group) of every process that has not ended."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if state != "Z":
            yield int(stat.parent.name), int(parent), int(group)


def workers(pid):
    """Return the workers of the process `pid`: group leaders that it or a child started."""
    running, below = list(_running()), {pid}
    for _ in range(2):
        below |= {child for child, parent, _ in running if parent in below}
    return [child for child, _, group in running if child in below and child == group != pid]


def alive(pid):
    """Whether the process has not ended."""
    return any(running == pid for running, _, _ in _running())


def below(pid):
    """All processes that the process `pid`, or those that it has started, have started."""
    running, found = list(_running()), set()
    while more := {
        child for child, parent, _ in running if parent in found | {pid} and child not in found
    }:
        found |= more
    return sorted(found)
