"""What a number was counted or measured on, in words."""

from collections.abc import Iterable

from ablations.networks.families import INVOLUTION_SETTINGS
from ablations.networks.network import Network
from ablations.study.run_settings import RunSettings
from ablations.study.variants import NETWORK_SETTINGS, Variant, architecture_of
from involution_core.networks.architectures import ARCHITECTURES
from reports.names.level_names import level_name


def networks_title(model: str, variants: Iterable[Variant]) -> str:
    """The variants' networks in a run whose network is `model`: the one they share, or how many."""
    variants = list(variants)
    titles = {_title(model, variant) for variant in variants}
    if len(titles) == 1:
        return titles.pop()
    small = " small" * (ARCHITECTURES[model].stem == "small")
    return f"{len({variant.network for variant in variants})}{small} networks"


def _title(model: str, variant: Variant) -> str:
    family = variant.kind
    return architecture_of(model, variant).title if family.closed_form else family.title


def counted_on(model: str, variants: Iterable[Variant]) -> str:
    """What the costs of some variants belong to."""
    variants = list(variants)
    shapes = [architecture_of(model, variant).image_shape for variant in variants]
    pixels = _distinct([f"{height}×{width}" for height, width in shapes], "image sizes")
    classes = ARCHITECTURES[model].classes
    return f"{networks_title(model, variants)}, {pixels}, {classes} classes"


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
    parts.append(_distinct([str(train.budget) for train in trained], "budgets"))
    seeds = settings.seeds
    return f"{', '.join(parts)}, {seeds} {'seed' if seeds == 1 else 'seeds'}"


def _distinct(texts: Iterable[str], what: str) -> str:
    """The text, or how many there are."""
    found = list(dict.fromkeys(texts))
    return found[0] if len(found) == 1 else f"{len(found)} {what}"


def variant_name(variant: Variant) -> str:
    """A variant as people read it, by all that it sets."""
    family = variant.kind
    parts = [] if variant.family == Network.family else [family.title]
    if family.has_involutions:
        shared = "all channels in a group"
        if variant.group_channels != "C":
            plural = "s" * (variant.group_channels != 1)
            shared = f"{variant.group_channels} group channel{plural}"
        parts += [f"K={variant.kernel_size}", shared, variant.generator]
    for name in NETWORK_SETTINGS:
        if name != "family" and name not in INVOLUTION_SETTINGS:
            level = getattr(variant, name)
            if level is not None:
                parts.append(level_name(name, str(level)))
    return ", ".join([*parts, *(level_name(name, str(level)) for name, level in variant.training)])
