"""How the learning rate goes, and the recipe in words. No torch."""

import math

from ablations.study.train_settings import OPTIMIZERS, TrainSettings

WARM_UP_SHARE = 0.1


def describe_optimizer(settings: TrainSettings) -> str:
    """How every trial is optimised, but for its learning rate."""
    momentum = f"Nesterov momentum {settings.momentum}"
    if settings.optimizer == "adamw":
        momentum = f"first beta {settings.momentum}"
    return (
        f"{OPTIMIZERS[settings.optimizer]}, {momentum}, weight decay {settings.weight_decay}, "
        f"linear warm-up over {WARM_UP_SHARE:.0%} of the steps, cosine to zero, label smoothing "
        f"{settings.label_smoothing}"
    )


def learning_rate(step: int, total: int, peak: float) -> float:
    """Rate of step 0 <= step < total: linear warm-up, then cosine, to zero behind the last."""
    warm_up = max(1, int(total * WARM_UP_SHARE))
    if step < warm_up:
        return peak * (step + 1) / warm_up
    return peak * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up))) / 2
