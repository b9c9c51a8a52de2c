"""Trained networks on disk: weights, and the variant and settings that build the network again.

A file is a dict with `state_dict`, plain values and a checksum, which `torch.load` reads with
`weights_only=True`. The checksum is needed because torch's reader notices no flipped bit.
"""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ablations.data.images import ImageData
from ablations.data.registry import DataRequest
from ablations.errors import one_line
from ablations.networks.builders import build
from ablations.own_code import Code, code_of
from ablations.records.files import FIELD, checksum, write_bytes
from ablations.study.train_settings import TrainSettings, own_code_of
from ablations.study.variants import Variant, architecture_of
from ablations.training.data_sets import data_request
from ablations.training.trial_spec import TrialSpec

FORMAT = "involution-ablate weights"
"""The key that tells such a file from other checkpoints; its value is VERSION."""

VERSION = 1


@dataclass(frozen=True)
class TrainedNetwork:
    """A trained network.

    Attributes:
        variant: Its variant.
        settings: Settings of its training.
        seed: Seed of its trial.
        classes: Number of classes.
        image_size: Side of the images that it was trained on, pixels.
        state_dict: Weights and buffers.
        code: The user's code that it was trained with; see `code_of`.
    """

    variant: Variant
    settings: TrainSettings
    seed: int
    classes: int
    image_size: int
    state_dict: dict[str, torch.Tensor]
    code: Mapping[str, Code]

    @property
    def request(self) -> DataRequest:
        """Request for the images that it was tested on."""
        return data_request(self.variant, self.settings)

    def build(self) -> nn.Module:
        """Return the network with its weights, in eval mode, on the CPU.

        Raises:
            ValueError: In one line, if it cannot be built or the weights do not fit.
        """
        architecture = architecture_of(self.settings.model, self.variant)
        try:
            network = build(architecture, self.variant, self.classes)
            network.load_state_dict(self.state_dict)
        except (Exception, SystemExit) as error:  # a user's code may do anything
            raise ValueError(f"its network cannot be built: {one_line(error)}") from None
        return network.eval()


def write_weights(path: Path, network: nn.Module, spec: TrialSpec, data: ImageData) -> None:
    """Write the network that a trial trained."""
    buffer = io.BytesIO()
    content = {
        FORMAT: VERSION,
        "variant": asdict(spec.variant.network),
        "settings": spec.settings.identity(),
        "data_dir": str(spec.settings.data_dir),
        "seed": spec.seed,
        "classes": data.classes,
        "image_size": data.image_size,
        "code": code_of(own_code_of(spec.variant, spec.settings)),
        "state_dict": network.state_dict(),
    }
    torch.save({**content, FIELD: _checksum(content)}, buffer)
    write_bytes(path, buffer.getvalue())


def read_weights(path: Path) -> TrainedNetwork | None:
    """Return the network in a file of `write_weights`, or None if the file is something else.

    Raises:
        ValueError: In one line, if it has another version or is damaged.
        OSError: If it cannot be read.
    """
    content = _content(path)
    if content is None:
        return None
    if content[FORMAT] != VERSION:
        raise ValueError(f"has version {content[FORMAT]}, and this version reads {VERSION}")
    try:
        if content[FIELD] != _checksum(content):
            raise ValueError("its checksum does not match its content")
        return TrainedNetwork(
            Variant(**content["variant"]),
            TrainSettings(**content["settings"], data_dir=Path(content["data_dir"])),
            content["seed"],
            content["classes"],
            content["image_size"],
            content["state_dict"],
            content["code"],
        )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise ValueError(f"is no trial's weights: {one_line(error)}") from None


def _checksum(content: Mapping[str, Any]) -> str:
    """Return the checksum of all values but itself."""
    digest = hashlib.sha256()
    for name, weight in content["state_dict"].items():
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}\0".encode())
        digest.update(weight.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return checksum({**content, "state_dict": digest.hexdigest()})


def _content(path: Path) -> dict[str, Any] | None:
    file = io.BytesIO(path.read_bytes())
    try:
        content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception:  # bytes that are no checkpoint fail in torch's readers in any way
        return None
    return content if isinstance(content, dict) and FORMAT in content else None
