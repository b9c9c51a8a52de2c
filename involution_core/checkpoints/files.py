"""Reads a checkpoint's file as tensors and plain values; code in it is never run."""

import os
import pickle
import re
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import torch

SAFETENSORS = ".safetensors"
_NO_CHECKPOINT = "is not a checkpoint that torch.save wrote, or not all of one"


class _CallsReturnStandIns(type):
    """A name that is called in a file gives a stand-in, whatever it is called with."""

    def __call__(cls, *arguments: Any) -> Any:
        return object.__new__(cls)  # type: ignore[arg-type]


class _StandIn(metaclass=_CallsReturnStandIns):
    """Stands in for a class or function of a checkpoint that is neither a tensor nor a plain value.

    It drops its arguments. The instance of a class is an empty dict, which accepts items.
    """

    def __new__(cls, *arguments: Any) -> Any:
        return OrderedDict()

    def __setstate__(self, state: Any) -> None:
        pass


def read_checkpoint(path: str | os.PathLike[str]) -> tuple[Any, list[str]]:
    """Read a file.

    torch's own reader of weights alone reads it. Names that it does not know, as of a framework's
    configuration, are read as stand-ins that do nothing; those of the operating system are refused
    by torch.

    Args:
        path: A file of `torch.save`, or of safetensors (".safetensors").

    Returns:
        What it holds, on the CPU, and the names that stand-ins were put for.

    Raises:
        ValueError: It is no such file, or asks for something that is refused.
        OSError: The file cannot be read.
    """
    if Path(path).suffix == SAFETENSORS:
        return _read_safetensors(path), []
    unknown = _unknown_names(path)
    try:
        with (
            warnings.catch_warnings(),  # torch warns of what it then refuses
            torch.serialization.safe_globals([(_StandIn, name) for name in unknown]),
        ):
            warnings.simplefilter("ignore")
            return torch.load(path, map_location="cpu", weights_only=True), unknown
    except OSError:
        raise
    except pickle.UnpicklingError as error:
        asked = re.search(r"GLOBAL ([\w.]+)", str(error))
        names = [asked[1]] if asked else unknown
        raise ValueError(refusal(names[0]) if names else _NO_CHECKPOINT) from None
    except Exception:  # bytes that are no checkpoint fail in torch's readers in any way
        raise ValueError(_NO_CHECKPOINT) from None


def refusal(name: str) -> str:
    """Why a file that asks for `name` is not read, and what to do."""
    return (
        f"asks for {name} to be loaded, which is neither a tensor nor a plain value; "
        "refused, nothing of it was run. If you trust the file, save its state dict alone where "
        "it loads: torch.save(torch.load(FILE, weights_only=False)['state_dict'], NEW)"
    )


def _unknown_names(path: str | os.PathLike[str]) -> list[str]:
    """The names that a file asks for and torch does not know; they are listed, not looked up."""
    if not zipfile.is_zipfile(path):
        return []
    try:
        return sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path))
    except Exception:  # as above; reading it tells what is wrong
        return []


def _read_safetensors(path: str | os.PathLike[str]) -> dict[str, torch.Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ModuleNotFoundError:
        raise ValueError(
            "needs the package safetensors: pip install 'involution-ablate[safetensors]'"
        ) from None
    try:
        return load_file(path)
    except SafetensorError:
        raise ValueError("is not a file of safetensors, or not all of one") from None
