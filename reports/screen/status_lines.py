"""How far an output folder is, as lines of text."""

from collections import Counter
from collections.abc import Iterator

from ablations.records.trial_states import STATES, FolderState
from reports.names.captions import variant_name


def status_lines(found: FolderState) -> Iterator[str]:
    """Counts first, then a line for each trial that is not done, and one for each further thing
    that is wrong."""
    counts = Counter(trial.state for trial in found.trials)
    told = ", ".join(f"{counts[state]} {state}" for state in STATES)
    several = f"{len(found.trials)} trial{'s' * (len(found.trials) != 1)}"
    yield f"{several}: {told}; {found.timed} timed"
    if not found.run:
        yield "without a run.json it is not known what is wanted beside them"
    left = [trial for trial in found.trials if trial.state != "done"]
    names = [f"{variant_name(trial.variant)}, seed {trial.seed}" for trial in left]
    width = max(map(len, names), default=0)
    for trial, name in zip(left, names, strict=True):
        why = f"  {' '.join(trial.why.split())}" if trial.why else ""
        yield f"{name:{width}}  {trial.state:7}{why}".rstrip()
    for damaged in found.damaged:
        yield str(damaged)
    if found.set_aside:
        files = f"{found.set_aside} damaged file{'s' * (found.set_aside != 1)}"
        yield f"{files} set aside by earlier runs (.corrupt)"
