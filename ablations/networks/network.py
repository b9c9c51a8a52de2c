"""The settings of a network in a study, as data. No torch."""

from dataclasses import dataclass
from math import inf, prod
from typing import Literal

from ablations.networks.families import FAMILIES, Family, family_of
from ablations.networks.layers import InvolutionShape
from ablations.own_code import is_own_code
from ablations.settings.readers import integer_within, one_of, whole
from ablations.settings.setting import setting
from involution_core.generators.forms import ATTENTION, LINEAR, reduction_ratio_of
from involution_core.networks.architectures import DEPTHS

LARGEST_KERNEL_SIZE = 31
LARGEST_WIDTH = 256
"""Four times the paper's: wider networks would not fit the memory that counting them takes."""
SMALLEST_IMAGE, LARGEST_IMAGE = 8, 2048


def _read_kernel_size(text: str) -> int:
    size = whole(text)
    if size is None or size % 2 == 0:
        problem = "kernel sizes are odd and positive"
    elif size > LARGEST_KERNEL_SIZE:
        problem = "the kernel size is too large"
    else:
        return size
    raise ValueError(f"{problem}; allowed: 1, 3, 5, ... {LARGEST_KERNEL_SIZE}")


def _read_group_channels(text: str) -> int | str:
    channels = whole(text)
    if channels is None and text != "C":
        raise ValueError("allowed: positive integers, and C for one group")
    return "C" if channels is None else channels


def _read_generator(text: str) -> str:
    if not is_own_code(text):
        try:
            reduction_ratio_of(text)
        except ValueError:
            raise ValueError(
                "unknown form; allowed: W, r=N with N a positive integer, attention, module:object"
            ) from None
    return text


def _read_family(text: str) -> str:
    if text not in FAMILIES and not is_own_code(text):
        raise ValueError(f"unknown family; allowed: {', '.join(FAMILIES)}, module:object")
    return text


def _read_depth(text: str) -> int:
    return int(one_of([str(depth) for depth in DEPTHS])(str(whole(text))))


def _read_image_size(text: str) -> int | str:
    """A side, or HxW; a square is always its side."""
    height, _, width = text.partition("x")
    try:
        size = _read_side(height), _read_side(width if "x" in text else height)
    except ValueError as error:
        raise ValueError(f"{error}, or two of them, HxW") from None
    return size[0] if size[0] == size[1] else f"{size[0]}x{size[1]}"


_read_side = integer_within(SMALLEST_IMAGE, LARGEST_IMAGE)


def image_shape(level: int | str) -> tuple[int, int]:
    """(H, W) of an image size, pixels."""
    height, _, width = str(level).partition("x")
    return int(height), int(width or height)


def _image_size_label(level: str) -> str:
    return level if not level[:1].isdigit() else "{}×{}".format(*image_shape(level))


def _pixels(level: str) -> float:
    return prod(image_shape(level)) if level[:1].isdigit() else inf


def _kernel_size_label(level: str) -> str:
    return f"{level} × {level}" if level.isdigit() else level


def _form_label(level: str) -> str:
    if level == ATTENTION:
        return "attention (softmax)"
    return f"W₁σ(W₀), {_short_form(level)}" if level.startswith("r=") else level


def _short_form(level: str) -> str:
    return level.replace("=", " = ") if level.startswith("r=") else level


def _family_label(level: str) -> str:
    return FAMILIES[level].title if level in FAMILIES else level


def _form_order(level: str) -> float:
    """W, which has no reduction ratio, before the others; attention and own code behind them."""
    if level == LINEAR:
        return 0.0
    ratio = level.removeprefix("r=")
    return float(ratio) if ratio.isdigit() else inf


@dataclass(frozen=True)
class Network:
    """One network of a study, beside the architecture of the run.

    Attributes:
        kernel_size: Kernel size of the involutions, pixels.
        group_channels: Channels that share one kernel; "C": all.
        generator: Form of the kernel generator in the notation of `generators.forms`, or a
            user's factory as module:object.
        family: A name in `families.FAMILIES`, or a user's network as module:object.
        depth: Number of layers; None: that of the run's architecture.
        width: Channels in the middle of the first stage's bottlenecks; None: as above.
        image_size: Side of its square input, pixels, or "HxW" of an oblong one, which is counted
            and not trained; None: as above.
    """

    kernel_size: int = setting(
        7,
        "Size of the involution kernel, odd",
        read=_read_kernel_size,
        option="",
        phrase="{}",
        example="3",
        heading="Kernel Size",
        label=_kernel_size_label,
        levels_option="--sizes",
        levels_metavar="K...",
        levels_help="Kernel sizes, odd",
    )
    group_channels: int | Literal["C"] = setting(
        16,
        "Channels that share one kernel; C: all",
        read=_read_group_channels,
        option="",
        example="4",
        heading="#Group Channel",
        levels_option="--channels",
        levels_help="Channels that share one kernel; C: all",
    )
    generator: str = setting(
        "r=4",
        "Form of the kernel generator: W (one map), r=N (W1 sigma(W0)), attention, or a "
        "module:object",
        read=_read_generator,
        option="",
        phrase="{}",
        example="W",
        heading="Function Form",
        label=_form_label,
        short=lambda level: ATTENTION if level == ATTENTION else _short_form(level),
        order=_form_order,
        levels_option="--forms",
        levels_metavar="FORM...",
        levels_help="W (one map), r=N (W1 sigma(W0)), attention, or a module:object",
    )
    family: str = setting(
        "rednet",
        f"Family: {', '.join(FAMILIES)}, or a module:object",
        read=_read_family,
        option="",
        phrase="{}",
        example="resnet",
        label=_family_label,
        levels_option="--families",
        levels_metavar="NAME...",
        levels_help=f"{', '.join(FAMILIES)}, or a module:object of your own",
    )
    depth: int | None = setting(
        None,
        f"Layers: {', '.join(map(str, DEPTHS))}",
        read=_read_depth,
        option="",
        example="26",
        levels_option="--depths",
        levels_help=f"Layers: {', '.join(map(str, DEPTHS))}",
    )
    width: int | None = setting(
        None,
        "Channels in the middle of the first stage's bottlenecks",
        read=integer_within(1, LARGEST_WIDTH),
        option="",
        example="16",
    )
    image_size: int | str | None = setting(
        None,
        "Image side in pixels, for counting and training, or HxW, for counting only; default: as "
        "the network and the data set",
        read=_read_image_size,
        example="48",
        metavar="N",
        phrase="{} pixels",
        label=_image_size_label,
        order=_pixels,
    )

    @property
    def kind(self) -> Family:
        """Its family: how it is built, and what is known of its layers."""
        return family_of(self.family)

    @property
    def involution(self) -> InvolutionShape:
        """What all its involutions but the stem's share."""
        return InvolutionShape(self.kernel_size, self.group_channels, self.generator)

    @property
    def own_code(self) -> list[str]:
        """What of it is a user's code, as module:object."""
        return [name for name in (self.family, self.generator) if is_own_code(name)]
