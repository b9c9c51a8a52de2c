"""How every trial is optimised. No torch."""

import math

MOMENTUM = 0.9
WEIGHT_DECAY = 1e-4
LABEL_SMOOTHING = 0.1
WARM_UP_SHARE = 0.1


def describe_optimiser() -> str:
    """How every trial is optimised, but for its settings."""
    return (
        f"SGD, Nesterov momentum {MOMENTUM}, weight decay {WEIGHT_DECAY}, linear warm-up over "
        f"{WARM_UP_SHARE:.0%} of the steps, cosine to zero, label smoothing {LABEL_SMOOTHING}"
    )


def learning_rate(step: int, total: int, peak: float) -> float:
    """Rate of step 0 <= step < total: linear warm-up, then cosine, to zero behind the last."""
    warm_up = max(1, int(total * WARM_UP_SHARE))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up))) / 2
