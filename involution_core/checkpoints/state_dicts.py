"""Finds a network's state dict in what trainers wrap it in."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from torch import Tensor

PLACES = ("state_dict", "model_state_dict", "model", "net")
AVERAGES = ("ema_state_dict", "state_dict_ema", "model_ema", "ema")
"""Keys of a checkpoint under which weights lie, as PyTorch's tutorials, Lightning, timm, mmcls and
mmengine write them; averages are taken where there is nothing else."""

DEPTH = 8
"""Mappings in each other; a file can hold one that holds itself."""

THOPS = r"(?:.+\.)?total_(?:ops|params)"
COUNTERS = re.compile(rf"n_averaged|steps|{THOPS}")
"""Tensors beside the weights of torch's `AveragedModel`, of mmengine's averages, and, in every
module, of thop's counter."""

_HEAD = re.compile(r"(.*?)(head\.fc\.(?:weight|bias))")
_IN_BACKBONE = re.compile(r"(.*?)(?:backbone\.)?(?:stem|layer[1-4])\.\d")
WRAPPERS = re.compile(r"\b(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\.")
"""Put into the names of whatever is compiled, sharded or checkpointed, also a part of a network."""


class Found(NamedTuple):
    """A state dict in a checkpoint.

    Attributes:
        tensors: By name, without what a trainer puts before every name.
        place: The checkpoint's keys that lead to it; "" where it is the checkpoint itself.
        left_out: What else there was: other weights, and tensors of other modules.
    """

    tensors: dict[str, Tensor]
    place: str
    left_out: tuple[str, ...]


def find_state_dict(content: Any) -> Found:
    """Find the state dict of the authors' network.

    The prefix of its names may be any, such as "module." (DataParallel), "_orig_mod."
    (torch.compile) and "model." (Lightning), one or several: it is what stands before the
    backbone's.

    Args:
        content: What a checkpoint's file holds.

    Returns:
        The state dict, where it was, and what was left.

    Raises:
        ValueError: There is none, or there are several networks.
    """
    place, found, left_out = _descend(content)
    state = {WRAPPERS.sub("", key): value for key, value in found.items()}
    prefixes = Counter(match[1] for key in state if (match := _IN_BACKBONE.match(key)))
    first, *others = prefixes.most_common(2) or [("", 0)]
    if others and others[0][1] == first[1]:
        several = ", ".join(repr(f"{prefix}*") for prefix, _ in (first, *others))
        raise ValueError(f"holds more than one network ({several}); give the state dict of one")
    prefix = first[0]
    inside = {key.removeprefix(prefix): state[key] for key in state if key.startswith(prefix)}
    heads = {} if any(map(_HEAD.fullmatch, inside)) else _heads_above(prefix, state)
    inside |= {name: state[key] for key, name in heads.items()}
    outside = [key for key in state if not key.startswith(prefix) and key not in heads]
    left_out += [*outside, *(prefix + key for key in inside if COUNTERS.fullmatch(key))]
    tensors = {key: value for key, value in inside.items() if not COUNTERS.fullmatch(key)}
    return Found(tensors, place, tuple(left_out))


def _heads_above(prefix: str, state: Mapping[str, Tensor]) -> dict[str, str]:
    """The classifier's keys, with their plain names, where only the backbone is wrapped."""
    matches = {key: match for key in state if (match := _HEAD.fullmatch(key))}
    return {key: match[2] for key, match in matches.items() if prefix.startswith(match[1])}


def _descend(content: Any) -> tuple[str, Mapping[str, Tensor], list[str]]:
    """The innermost state dict, the keys that lead to it, and those of other weights."""
    way: list[str] = []
    left_out: list[str] = []
    while isinstance(content, Mapping) and (found := [*_weights(content)]):
        if len(way) == DEPTH:
            raise ValueError(f"holds no state_dict down to {'.'.join(way)}")
        key, *others = found
        left_out += [".".join([*way, other]) for other in others]
        way.append(key)
        content = content[key]
    if not isinstance(content, Mapping) or not content:
        raise ValueError("holds no state_dict")
    for key, value in content.items():
        if not isinstance(key, str) or not isinstance(value, Tensor):
            raise ValueError(f"holds no state_dict: {key!r} is not the name of a tensor")
    return ".".join(way), content, left_out


def _weights(content: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of `content` that hold weights, preferred ones first.

    Raises:
        ValueError: Where they lie under several that have no known order.
    """
    inside = {key: value for key, value in content.items() if not isinstance(value, Tensor)}
    if known := [key for key in (*PLACES, *AVERAGES) if key in inside]:
        yield from known
        return
    others = [key for key, value in inside.items() if _holds_network(value)]
    if len(others) > 1:
        several = ", ".join(map(repr, others))
        raise ValueError(f"holds more than one network ({several}); give the state dict of one")
    yield from others


def _holds_network(content: Any, depth: int = DEPTH) -> bool:
    """Return whether the backbone's tensors lie in it."""
    return isinstance(content, Mapping) and any(
        _IN_BACKBONE.match(str(key))
        if isinstance(value, Tensor)
        else depth > 0 and _holds_network(value, depth - 1)
        for key, value in content.items()
    )
