"""A file that holds the state of a trial in progress, with a checksum.

Its first line says what it is, its second one is the SHA-256 of all that follows: `torch.save` of
tensors and plain values. It is read as these alone; code in it is never run.
"""

import hashlib
import io
import pickle
from pathlib import Path

import torch

from ablations.errors import one_line
from ablations.records.damage import Damaged
from ablations.records.files import write_bytes
from ablations.training.keeper import State

FIRST_LINE = b"involution-ablate checkpoint 1\n"
"""With the number of the format: raised whenever a state gets other parts."""


def write_checkpoint(path: Path, state: State) -> None:
    """Writes a checkpoint, whole or not at all."""
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getbuffer()
    seal = hashlib.sha256(content).hexdigest().encode()
    write_bytes(path, b"".join((FIRST_LINE, seal, b"\n", content)))


def read_checkpoint(path: Path) -> State | None:
    """What `write_checkpoint` wrote, its tensors on the CPU; None where there is no file.

    Raises:
        Damaged: Where it is something else.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Damaged(path, error.strerror or one_line(error)) from None
    seal, _, state = content.removeprefix(FIRST_LINE).partition(b"\n")
    known = content.startswith(FIRST_LINE)
    if not known or hashlib.sha256(state).hexdigest().encode() != seal:
        raise Damaged(path, "its checksum is not that of its content")
    try:
        return torch.load(io.BytesIO(state), map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, ValueError, KeyError, EOFError) as error:
        raise Damaged(path, one_line(error)) from None
