"""The learning rate's schedule, and the recipe in words. No torch."""

import math

from ablations.study.train_settings import OPTIMIZERS, TrainSettings


def describe_optimizer(settings: TrainSettings) -> str:
    """Return how every trial is optimised, in words, but for its learning rate."""
    momentum = f"Nesterov momentum {settings.momentum}"
    if settings.optimizer == "adamw":
        momentum = f"first beta {settings.momentum}"
    return (
        f"{OPTIMIZERS[settings.optimizer]}, {momentum}, weight decay {settings.weight_decay}, "
        f"{_describe_warm_up(settings)}, cosine to zero, label smoothing "
        f"{settings.label_smoothing}{_describe_steps(settings)}"
    )


def _describe_warm_up(settings: TrainSettings) -> str:
    per = "of the steps" if settings.warmup.endswith("%") else "epochs"
    start = f" from {settings.warmup_from} of the rate" if settings.warmup_from else ""
    return f"linear warm-up over {settings.warmup} {per}{start}"


def _describe_steps(settings: TrainSettings) -> str:
    """Return what differs from steps of one batch in fp32, not compiled, in one process."""
    batches = f", {settings.accumulate} batches a step" if settings.accumulate > 1 else ""
    precision = f", {settings.precision}" if settings.precision != "fp32" else ""
    compiled = ", compiled" * (settings.compile == "yes")
    shared = f", each batch shared by {settings.processes} processes"
    return batches + precision + compiled + shared * (settings.processes > 1)


def warm_up_steps(settings: TrainSettings, total: int, per_epoch: int) -> int:
    """Return the steps of the warm-up, at least one.

    Args:
        settings: Settings of the training.
        total: Steps of the training.
        per_epoch: Steps of one pass over the data.
    """
    share = settings.warmup.removesuffix("%")
    if share == settings.warmup:
        return max(1, int(share) * per_epoch)
    return max(1, int(total * (float(share) / 100)))


def learning_rate(step: int, total: int, peak: float, warm_up: int, start: float = 0.0) -> float:
    """Return the learning rate of a step: linear warm-up to the peak, then a cosine to zero.

    Args:
        step: Number of the step, 0 <= step < total.
        total: Steps of the training.
        peak: Peak learning rate.
        warm_up: Steps of the warm-up, of which the last has the peak.
        start: Share of the peak from which the warm-up starts, one step before the first.
    """
    if step < warm_up:
        return start * peak + (1 - start) * peak * (step + 1) / warm_up
    return peak * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up))) / 2
