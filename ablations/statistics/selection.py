"""Which of several samples is the best. No torch."""

from collections.abc import Iterable, Sequence

from ablations.statistics.estimate import Estimate


def ranked(samples: Sequence[Iterable[float | None]]) -> list[int]:
    """Places of the samples, the best first; without those of which nothing finished.

    The highest mean is the best. A sample of which less finished loses against one of which more
    did: what fails now and then is not to be chosen for the rest. Of equals the first is ahead.

    Args:
        samples: The values of each; what failed is None or NaN.
    """
    found = [Estimate.of(sample) for sample in samples]
    means = {place: one.mean for place, one in enumerate(found) if one.mean is not None}
    return sorted(means, key=lambda place: (-found[place].n, -means[place], place))
