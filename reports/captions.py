"""What a number was counted or measured on, in words."""

from ablations.runs import Run
from ablations.settings import TrainSettings
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
    return f"{train.epochs} epochs" if train.epochs is not None else f"{train.steps} steps"


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
