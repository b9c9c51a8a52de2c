"""A user's own code, named as module:object. No torch.

Modules are found among what is installed, then in the folder that the command is run in.
"""

import hashlib
import importlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ablations.errors import one_line

_OWN_CODE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""module:object, as in an entry point."""

_THE_PROGRAMS = {"ablations", "cli", "commands", "involution_core", "reports"}
_INSTALLED = {"site-packages", "dist-packages"}


def is_own_code(text: str) -> bool:
    """Whether `text` is module:object."""
    return _OWN_CODE.fullmatch(text) is not None


def load_object(spec: str) -> Callable[..., Any]:
    """What module:object names, which can be called.

    Raises ValueError, one line, where there is no such thing or its module cannot be imported.
    """
    module, _, name = spec.partition(":")
    if "" not in sys.path:
        sys.path.append("")  # last, so that no file here stands in for what is installed
    try:
        found = getattr(importlib.import_module(module), name, None)
    except (Exception, SystemExit) as error:  # whatever a user's module does when it is imported
        raise ValueError(f"cannot import {module} ({one_line(error)})") from None
    if found is None:
        raise ValueError(f"the module {module} has no {name}")
    if not callable(found):
        raise ValueError(f"{name} of {module} cannot be called")
    return found


def fingerprint(spec: str) -> str:
    """A digest of the module's code, so that a trial is run again when it has changed.

    The code is that of the module and of all modules beside it that are loaded: of its package
    where it is installed, else of the folder that it was found in.
    """
    load_object(spec)
    return _digest(sys.modules[spec.partition(":")[0]])


def sources(specs: Iterable[str]) -> dict[str, str]:
    """The files of all that some module:object name, each with a digest of what is run of it: what
    was in it when this was first asked in this process."""
    found: dict[str, str] = {}
    for spec in specs:
        load_object(spec)
        found |= _sources(sys.modules[spec.partition(":")[0]])
    return found


@cache
def _sources(module: ModuleType) -> dict[str, str]:
    return {str(file): hashlib.sha256(file.read_bytes()).hexdigest() for _, file in _beside(module)}


@cache
def _digest(module: ModuleType) -> str:
    """Of the code that runs: a file that changes later is not imported again."""
    digest = hashlib.sha256()
    for name, file in sorted(_beside(module)):
        digest.update(f"{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _beside(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """Name and file of the module, and of the loaded ones that may be its parts."""
    own = _file(module)
    if own is None:
        return
    folder = own.parents[module.__name__.count(".")]
    package = module.__name__.partition(".")[0]
    for name, other in list(sys.modules.items()):
        file, top = _file(other), name.partition(".")[0]
        if file is None or top in _THE_PROGRAMS or not file.is_relative_to(folder):
            continue
        if top == package or not _INSTALLED & set(file.parts):
            yield name, file


def _file(module: object) -> Path | None:
    file = getattr(module, "__file__", None)
    return Path(file).resolve() if isinstance(file, str) and Path(file).is_file() else None
