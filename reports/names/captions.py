"""What a number was counted or measured on, in words."""

from collections.abc import Iterable

from ablations.study.settings import RunSettings, TrainSettings
from ablations.study.variants import Variant, architecture_of
from involution_core.architectures import ARCHITECTURES
from reports.names.level_names import FAMILY_TITLES, level_name


def model_title(name: str) -> str:
    """ "RedNet-50" for rednet50."""
    for family in ("rednet", "resnet"):
        name = name.replace(family, f"{FAMILY_TITLES[family]}-")
    return name.replace("--", "-")


def networks_title(model: str, variants: Iterable[Variant]) -> str:
    """The variants' networks in a run whose network is `model`: the one they share, or how many."""
    variants = list(variants)
    names = {(v.family if ":" in v.family else architecture_of(model, v).name) for v in variants}
    if len(names) == 1:
        (name,) = names
        return model_title(name)
    small = " small" * (ARCHITECTURES[model].stem == "small")
    return f"{len({variant.network for variant in variants})}{small} networks"


def counted_on(model: str, variants: Iterable[Variant]) -> str:
    """What the costs of some variants belong to."""
    architecture = ARCHITECTURES[model]
    size = architecture.image_size
    return f"{networks_title(model, variants)}, {size}×{size}, {architecture.classes} classes"


def budget(train: TrainSettings) -> str:
    """How long a trial is trained."""
    count, unit = (train.steps, "step") if train.epochs is None else (train.epochs, "epoch")
    return f"{count} {unit}{'s' * (count != 1)}"


def measured_on(settings: RunSettings, variants: Iterable[Variant]) -> str | None:
    """What the accuracies of some variants belong to, None where nothing was trained."""
    variants = list(variants)
    if settings.train is None:
        return None
    trained = [settings.train.for_variant(variant) for variant in variants]
    parts = [networks_title(settings.train.model, variants)]
    images = _distinct([train.dataset for train in trained], "data sets")
    split = settings.train.split
    parts.append(images if split == "test" else f"{images} ({split} split)")
    parts.append(_distinct([budget(train) for train in trained], "budgets"))
    seeds = settings.seeds
    return f"{', '.join(parts)}, {seeds} {'seed' if seeds == 1 else 'seeds'}"


def _distinct(texts: Iterable[str], what: str) -> str:
    """The text, or how many there are."""
    found = list(dict.fromkeys(texts))
    return found[0] if len(found) == 1 else f"{len(found)} {what}"


def variant_name(variant: Variant) -> str:
    """A variant as people read it, by all that it sets."""
    parts = (
        [] if variant.family == "rednet" else [FAMILY_TITLES.get(variant.family, variant.family)]
    )
    if variant.has_involutions:
        shared = "all channels in a group"
        if variant.group_channels != "C":
            plural = "s" * (variant.group_channels != 1)
            shared = f"{variant.group_channels} group channel{plural}"
        parts += [f"K={variant.kernel_size}", shared, variant.generator]
    if variant.depth is not None:
        parts.append(f"depth {variant.depth}")
    if variant.width is not None:
        parts.append(f"width {variant.width}")
    return ", ".join([*parts, *(level_name(name, str(level)) for name, level in variant.training)])
