"""How many trials may fail before a run stops. No torch."""

from math import floor, inf

from ablations.study.run_settings import RunSettings


def failures_allowed(settings: RunSettings, trials: int) -> float:
    """So many of a run's `trials` may fail, those among them that an earlier run recorded."""
    if settings.fail_fast:
        return 0
    allowed = settings.fail_on_error
    if allowed is None:
        return inf
    if allowed.isdigit():
        return int(allowed)
    share = float(allowed[:-1]) / 100 if allowed.endswith("%") else float(allowed)
    return floor(share * trials)
