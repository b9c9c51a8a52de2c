"""What came of merging folders, for the screen. No torch."""

from collections.abc import Iterator

from ablations.records.environments import origins
from ablations.run.merging import Merged
from reports.screen.trial_list import trial_list
from reports.words.origin_words import origin_words


def merge_lines(merged: Merged) -> Iterator[str]:
    """How many trials there are and where they come from, what of them differs, what to do next."""
    run = merged.run
    output = run.settings.output
    taken = ", ".join(f"{count} from {folder}" for folder, count in merged.taken)
    tuning = f" and {len(run.tuning)} of its tuning" if run.tuning else ""
    yield f"{len(run.records)} of {run.wanted} trials{tuning}: {taken}"
    if merged.different:
        number = len(merged.different)
        have = "trial has" if number == 1 else "trials have"
        told = f"{number} {have} other numbers in another folder"
        yield f"{told}, and the folder named first counts: {trial_list(merged.different)}"
    yield from origin_words(origins([*run.tuning, *run.records]))[:1]
    yield f"involution-ablate report {output} renders it"
