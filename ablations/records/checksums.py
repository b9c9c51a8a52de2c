"""The format and the checksum of a JSON file, which tell what cannot be read. No torch."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from ablations.texts import inert

FIELD = "checksum"

PROGRAM = "involution-ablate"
"""The program's name in a recorded environment, whose value is its version."""


class OtherFormat(ValueError):
    """JSON values of a format that this version does not read."""


def checksum(values: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of JSON values as canonical JSON: sorted keys, no spaces, ASCII; the
    field of the checksum itself is left out."""
    content = {name: value for name, value in values.items() if name != FIELD}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values with their checksum."""
    return {**values, FIELD: checksum(values)}


def unsealed(values: Mapping[str, Any], format: int) -> dict[str, Any]:
    """Return the fields of a sealed JSON object, without its format and its checksum.

    Args:
        values: The object, with a "format".
        format: The format to read.

    Raises:
        OtherFormat: In one line, if it has another format.
        ValueError: In one line, if its checksum is not that of its content.
    """
    found = values["format"]
    if found != format:
        told = f"it has format {found}{_written_by(values)}, and this version reads {format}"
        raise OtherFormat(told) if isinstance(found, int) else ValueError(told)
    if values.get(FIELD) != checksum(values):
        raise ValueError("its checksum is not that of its content")
    return {name: value for name, value in values.items() if name not in (FIELD, "format")}


def _written_by(values: Mapping[str, Any]) -> str:
    environment = values.get("environment")
    version = environment.get(PROGRAM) if isinstance(environment, dict) else None
    return f", written by {PROGRAM} {inert(str(version))}" if version else ""
