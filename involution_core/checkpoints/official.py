"""Checkpoints of the authors' repository, github.com/d-li14/involution, in this project's RedNet.

A file of theirs is mmcls's: {"meta": ..., "state_dict": ...}. The networks are the same: the order
of the stem, the stride in the involution (its kernel generated behind average pooling) and in the
shortcut's convolution, groups outside the taps in the rows of the last map. Only the names differ,
and what happens where a strided layer meets a map of odd size: their pooling drops the last row, so
that their code fails or reads beyond its weights; ours keeps it. Sides that are multiples of 32
never meet the case.
"""

import logging
import os
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import isqrt
from typing import Any

from torch import Tensor

from involution_core.checkpoints.files import read_checkpoint, refusal
from involution_core.checkpoints.state_dicts import THOPS, WRAPPERS, Found, find_state_dict
from involution_core.networks.architectures import (
    ARCHITECTURES,
    DEPTHS,
    STEM_GROUP_CHANNELS,
    STEM_KERNEL_SIZE,
    did_you_mean,
)
from involution_core.networks.rednet import BottleneckNetwork, RedNet, described

_LOG = logging.getLogger("involution_core.checkpoints")
_GENERATOR = {
    "generator.reduce.0": "conv1.conv",
    "generator.reduce.1": "conv1.bn",
    "generator.span": "conv2.conv",
}
_STEM = {
    "stem.0": "stem.0.conv",
    "stem.1": "stem.0.bn",
    **{f"stem.3.{ours}": f"stem.1.{theirs}" for ours, theirs in _GENERATOR.items()},
    "stem.4": "stem.2",
    "stem.6": "stem.4.conv",
    "stem.7": "stem.4.bn",
}
_BLOCK = {
    **{name: name for name in ("conv1", "bn1", "bn2", "conv3", "bn3")},
    **{f"spatial.{ours}": f"conv2.{theirs}" for ours, theirs in _GENERATOR.items()},
    "shortcut.0": "downsample.0",
    "shortcut.1": "downsample.1",
}
_IN_STAGES = re.compile(r"stages\.(?P<stage>\d+)\.(?P<block>\d+)\.(?P<inner>.+)")
_THEIR_BLOCK = re.compile(r"backbone\.layer([1-4])\.(\d+)\..+")
_BACKBONE, _HEAD = "backbone.", "head."
_STEM_FIRST = "backbone.stem.0.conv.weight"
_STEM_SPAN = "backbone.stem.1.conv2.conv.weight"
_OWN_KEY = "stages.0.0.conv1.weight"
_BATCHES = ".num_batches_tracked"
"""Files of PyTorch before 0.4.1 and of some converters lack it; nothing here reads it."""
_NAMED = 3
"""Keys of each kind that an error names."""


def load_official(
    model: str | RedNet,
    source: str | os.PathLike[str] | Mapping[str, Any],
    *,
    classifier: bool = True,
) -> RedNet:
    """Load a checkpoint of the authors' repository.

    Every key and every shape has to fit, on both sides; otherwise nothing is loaded. What is left
    out, such as averaged weights beside the others or a detector's heads, is logged (INFO, logger
    "involution_core.checkpoints").

    Args:
        model: "rednet26", "rednet38", "rednet50", "rednet101" or "rednet152", built with the
            channels of images, the stem's K and the number of classes that the checkpoint has; or
            a RedNet, which is filled in place and has to fit.
        source: The file, of torch.save or safetensors, or what it holds: the state dict, or what a
            trainer wraps it in, see `state_dicts.find_state_dict`. A file is read as tensors and
            plain values alone; code in it is never run.
        classifier: False loads the backbone alone and leaves the classifier as it was, untrained
            in a network built here; what else the checkpoint holds, a head or a detector's neck
            and heads, is left out. With True a checkpoint of the backbone alone is refused.
            Default True.

    Returns:
        The network with these weights, in eval mode.

    Raises:
        ValueError: The source is no such checkpoint, or that of another network.
        TypeError: `model` is no network, or `source` neither a path nor what a file holds.
        OSError: The file cannot be read.

    Examples:
        With the file at hand (its download is linked in the authors' model zoo):

        >>> network = load_official("rednet50", "rednet50.pth")  # doctest: +SKIP

        A checkpoint of another network is refused:

        >>> load_official("rednet26", {"state_dict": {}})
        Traceback (most recent call last):
        ...
        ValueError: holds no state_dict

    References:
        The model zoo of github.com/d-li14/involution.
    """
    _check_model(model)
    found = _found(source)
    tensors = _with_backbone(found.tensors)
    left_out = [*found.left_out]
    if not classifier:
        left_out += [key for key in tensors if not key.startswith(_BACKBONE)]
        tensors = {key: value for key, value in tensors.items() if key.startswith(_BACKBONE)}
    network = _build(model, tensors) if isinstance(model, str) else model
    own = network.state_dict()
    keys = {_official_key(key): key for key in own}
    if not classifier:
        keys = {theirs: ours for theirs, ours in keys.items() if not theirs.startswith(_HEAD)}
    shapes = {theirs: tuple(own[ours].shape) for theirs, ours in keys.items()}
    _check_fit(tensors, shapes, network.architecture.name)
    network.load_state_dict({**own, **{keys[key]: value for key, value in tensors.items()}})
    if left_out:
        _LOG.info("%s", _account(found.place, left_out))
    return network.eval()


def _found(source: str | os.PathLike[str] | Mapping[str, Any]) -> Found:
    if not isinstance(source, (str, os.PathLike, Mapping)):
        raise TypeError(
            f"source must be a file's path, or what the file holds, got {described(source)}"
        )
    content, unknown = (source, []) if isinstance(source, Mapping) else read_checkpoint(source)
    try:
        return find_state_dict(content)
    except ValueError:
        if not unknown:
            raise
        raise ValueError(refusal(unknown[0])) from None


def _with_backbone(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors by the names they have behind a classifier's "backbone." and "head."."""
    if _OWN_KEY in tensors:
        raise ValueError(
            "has the names of this project's networks, not the authors'; "
            "network.load_state_dict loads it"
        )
    whole = any(key.startswith(_BACKBONE) for key in tensors)
    return {
        key if whole or key.startswith(_HEAD) else _BACKBONE + key: value
        for key, value in tensors.items()
    }


def _account(place: str, left_out: Sequence[str]) -> str:
    """Return where the weights were and what was left out, by the first part of its name."""
    counts = Counter(
        "thop's counters" if re.fullmatch(THOPS, key) else key.partition(".")[0] for key in left_out
    )
    parts = ", ".join(f"{name} ({n} tensors)" if n > 1 else name for name, n in counts.items())
    taken = f"weights from {place!r}" if place else "weights from the checkpoint itself"
    return f"{taken}; left out: {parts}"


def _build(name: str, tensors: Mapping[str, Tensor]) -> RedNet:
    """The network called `name`, with what the checkpoint says of its images, stem and classes."""
    architecture = ARCHITECTURES[name]
    stem_kernel_size, classes, in_channels = STEM_KERNEL_SIZE, architecture.classes, 3
    if (first := tensors.get(_STEM_FIRST)) is not None and first.ndim == 4:
        in_channels = max(first.shape[1], 1)
    if (span := tensors.get(_STEM_SPAN)) is not None and span.ndim:
        groups = architecture.stem_channels // 2 // STEM_GROUP_CHANNELS
        side = isqrt(len(span) // groups)
        if side % 2 and side**2 * groups == len(span):
            stem_kernel_size = side
    if (head := tensors.get(f"{_HEAD}fc.weight")) is not None and head.ndim and len(head):
        classes = len(head)
    return RedNet(
        architecture,
        stem_kernel_size=stem_kernel_size,
        classes=classes,
        in_channels=in_channels,
    )


def _check_model(model: object) -> None:
    """Raise where it is neither a network that the authors have nor the name of one."""
    if isinstance(model, str):
        architecture, name = ARCHITECTURES.get(model), model
    elif isinstance(model, BottleneckNetwork):
        architecture, name = model.architecture, model.architecture.name
    else:
        raise TypeError(
            "model must be a RedNet (a FeatureBackbone is made of it afterwards) or the name of "
            f"one, got {described(model)}"
        )
    if architecture is None or (architecture.family, architecture.stem) != _OFFICIAL:
        official = [a.name for a in ARCHITECTURES.values() if (a.family, a.stem) == _OFFICIAL]
        near = did_you_mean(name) if architecture is None else ""
        raise ValueError(f"the authors' networks are {', '.join(official)}, not {name!r}{near}")


_OFFICIAL = ("rednet", "imagenet")


def _official_key(key: str) -> str:
    """A key of a RedNet's state dict as the authors' repository has it."""
    module, _, parameter = WRAPPERS.sub("", key).rpartition(".")
    if module == "classifier":
        return f"{_HEAD}fc.{parameter}"
    if module in _STEM:
        return f"{_BACKBONE}{_STEM[module]}.{parameter}"
    match = _IN_STAGES.fullmatch(module)
    if match is None or match["inner"] not in _BLOCK:
        raise ValueError(f"the authors' networks have nothing like this one's {key}")
    layer, inner = int(match["stage"]) + 1, _BLOCK[match["inner"]]
    return f"{_BACKBONE}layer{layer}.{match['block']}.{inner}.{parameter}"


def _check_fit(
    tensors: Mapping[str, Tensor], shapes: Mapping[str, tuple[int, ...]], name: str
) -> None:
    """Raise ValueError where `tensors` are not exactly those of `shapes`."""
    missing = [key for key in shapes if key not in tensors and not key.endswith(_BATCHES)]
    unexpected = [key for key in tensors if key not in shapes]
    misshaped = [
        f"{key} is {tuple(tensors[key].shape)}, not {shape}"
        for key, shape in shapes.items()
        if key in tensors and tuple(tensors[key].shape) != shape
    ]
    if not (missing or unexpected or misshaped):
        return
    if all(key.startswith(_HEAD) for key in missing) and not (unexpected or misshaped):
        raise ValueError(
            f"holds a backbone without its classifier ({', '.join(missing)}); "
            "load_official with classifier=False loads that alone"
        )
    kinds = {"missing": missing, "unexpected": unexpected, "misshaped": misshaped}
    told = "; ".join(_told(kind, keys) for kind, keys in kinds.items() if keys)
    if all(key.startswith(_HEAD) for key in (*missing, *unexpected, *misshaped)):
        told += "; load_official with classifier=False loads the rest alone"
    elif (fitting := _depth_of(tensors)) not in ("", name):
        told += f"; its bottlenecks are those of {fitting}"
    raise ValueError(f"does not fit {name}: {told}")


def _depth_of(tensors: Mapping[str, Tensor]) -> str:
    """The network that has the checkpoint's bottlenecks, "" where none has."""
    found = {match.groups() for key in tensors if (match := _THEIR_BLOCK.fullmatch(key))}
    counts = Counter(layer for layer, _ in found)
    blocks = tuple(counts[layer] for layer in "1234")
    return next((f"rednet{depth}" for depth in DEPTHS if DEPTHS[depth] == blocks), "")


def _told(kind: str, keys: Sequence[str]) -> str:
    more = ", ..." if len(keys) > _NAMED else ""
    return f"{len(keys)} {kind} ({', '.join(keys[:_NAMED])}{more})"
