"""How far an output folder is, as lines of text."""

from collections import Counter
from collections.abc import Iterator, Sequence

from ablations.records.trial_states import STATES, FolderState, TrialState
from reports.names.captions import variant_name


def status_lines(found: FolderState) -> Iterator[str]:
    """Count first, then a line for each trial that is not done, and one for each further thing
    that is wrong."""
    if found.tuning:
        yield _counts(found.tuning, "tuning trial")
    if found.waiting:
        yield f"{_several(found.waiting, 'trial')} to follow, trained as the tuning chooses"
    else:
        yield f"{_counts(found.trials, 'trial')}; {found.timed} timed"
    if not found.run:
        yield "without a run.json it is not known what is wanted beside them"
    left = [trial for trial in (*found.tuning, *found.trials) if trial.state != "done"]
    names = [f"{variant_name(trial.variant)}, seed {trial.seed}" for trial in left]
    width = max(map(len, names), default=0)
    for trial, name in zip(left, names, strict=True):
        why = f"  {' '.join(trial.why.split())}" if trial.why else ""
        yield f"{name:{width}}  {trial.state:7}{why}".rstrip()
    for damaged in found.damaged:
        yield str(damaged)
    if found.begun:
        yield f"{_several(found.begun, 'checkpoint')} of trials that have begun"
    if found.set_aside:
        yield f"{_several(found.set_aside, 'damaged file')} set aside by earlier runs (.corrupt)"


def _counts(trials: Sequence[TrialState], noun: str) -> str:
    counts = Counter(trial.state for trial in trials)
    told = ", ".join(f"{counts[state]} {state}" for state in STATES)
    return f"{_several(len(trials), noun)}: {told}"


def _several(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
