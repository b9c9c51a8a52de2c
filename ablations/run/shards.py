"""Which trials of a study a shard of its runs trains. No torch."""

from collections.abc import Sequence
from typing import TypeVar

Trial = TypeVar("Trial")


def of_shard(trials: Sequence[Trial], shard: str | None) -> list[Trial]:
    """Those of a shard "I/N": every N-th, the I-th first; all of them for None.

    Args:
        trials: All that the study wants, whether they have ended or not, in its order: what a shard
            trains does not depend on what others have done.
        shard: As `RunSettings.shard`.
    """
    if shard is None:
        return list(trials)
    place, of = map(int, shard.split("/"))
    return list(trials[place - 1 :: of])
