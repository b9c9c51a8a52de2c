"""A checksum of what a file says, by which a change to it is noticed. No torch."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

FIELD = "checksum"


def checksum(values: Mapping[str, Any]) -> str:
    """SHA-256, hexadecimal, of JSON values as canonical JSON: sorted keys, no spaces, ASCII; the
    field of the checksum itself is left out."""
    content = {name: value for name, value in values.items() if name != FIELD}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def sealed(values: Mapping[str, Any]) -> dict[str, Any]:
    """JSON values with their checksum."""
    return {**values, FIELD: checksum(values)}


def unsealed(values: Mapping[str, Any], since: int) -> dict[str, Any]:
    """What `sealed` was given.

    Args:
        values: With a "format".
        since: The first format that has checksums.

    Raises:
        ValueError: Where they are not what was sealed.
    """
    content = {name: value for name, value in values.items() if name != FIELD}
    early = isinstance(values["format"], int) and values["format"] < since
    if not (early and FIELD not in values) and values.get(FIELD) != checksum(content):
        raise ValueError("its checksum is not that of its content")
    return content
