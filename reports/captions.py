"""What a number was counted or measured on, in words."""

from ablations.runs import Run
from ablations.settings import TrainSettings
from ablations.variants import Variant
from involution_core.architectures import ARCHITECTURES


def model_title(name: str) -> str:
    """ "RedNet-50" for rednet50."""
    return name.replace("rednet", "RedNet-").replace("--", "-")


def counted_on(model: str) -> str:
    """What the costs belong to."""
    architecture = ARCHITECTURES[model]
    size = architecture.image_size
    return f"{model_title(model)}, {size}×{size}, {architecture.classes} classes"


def budget(train: TrainSettings) -> str:
    """How long a trial is trained."""
    count, unit = (train.steps, "step") if train.epochs is None else (train.epochs, "epoch")
    return f"{count} {unit}{'s' * (count != 1)}"


def measured_on(run: Run) -> str | None:
    """What the accuracies belong to, None where nothing was trained."""
    train = run.settings.train
    if train is None:
        return None
    seeds = run.settings.seeds
    return (
        f"{model_title(train.model)}, {train.dataset}, {budget(train)}, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
    )


def variant_name(variant: Variant) -> str:
    """A variant as people read it, by its three settings."""
    shared = "all channels in a group"
    if variant.group_channels != "C":
        shared = f"{variant.group_channels} group channel{'s' * (variant.group_channels != 1)}"
    return f"K={variant.kernel_size}, {shared}, {variant.generator}"
