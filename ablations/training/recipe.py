"""How the learning rate goes, and the recipe in words. No torch."""

import math

from ablations.study.train_settings import OPTIMIZERS, TrainSettings


def describe_optimizer(settings: TrainSettings) -> str:
    """How every trial is optimised, but for its learning rate."""
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
    """What is said of steps that are not of one batch in fp32, as PyTorch runs it, in one
    process."""
    batches = f", {settings.accumulate} batches a step" if settings.accumulate > 1 else ""
    precision = f", {settings.precision}" if settings.precision != "fp32" else ""
    compiled = ", compiled" * (settings.compile == "yes")
    shared = f", each batch shared by {settings.processes} processes"
    return batches + precision + compiled + shared * (settings.processes > 1)


def warm_up_steps(settings: TrainSettings, total: int, per_epoch: int) -> int:
    """The steps of the warm-up, at least one.

    Args:
        settings: Of the training.
        total: Steps that it has.
        per_epoch: Steps of one pass over the data.
    """
    share = settings.warmup.removesuffix("%")
    if share == settings.warmup:
        return max(1, int(share) * per_epoch)
    return max(1, int(total * (float(share) / 100)))


def learning_rate(step: int, total: int, peak: float, warm_up: int, start: float = 0.0) -> float:
    """Rate of step 0 <= step < total: a line to the peak, then cosine, to zero behind the last.

    Args:
        step: Which one.
        total: How many there are.
        peak: The highest rate.
        warm_up: Steps of the line; the last of them has the peak.
        start: The share of the peak that the line comes from, one step before the first.
    """
    if step < warm_up:
        return start * peak + (1 - start) * peak * (step + 1) / warm_up
    return peak * (1 + math.cos(math.pi * (step - warm_up) / max(1, total - warm_up))) / 2
