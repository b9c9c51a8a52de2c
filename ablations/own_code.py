"""A user's own code, named as module:object. No torch.

Modules are found as by `python -m`: from the folder that the command is run in, then among what is
installed.
"""

import hashlib
import importlib
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from ablations.errors import one_line


def load_object(spec: str) -> Callable[..., Any]:
    """What module:object names, which can be called.

    Raises ValueError, one line, where there is no such thing or its module cannot be imported.
    """
    module, _, name = spec.partition(":")
    if "" not in sys.path:
        sys.path.insert(0, "")
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
    """A digest of the module's file, so that a trial is run again when the code has changed."""
    load_object(spec)
    return _digest(sys.modules[spec.partition(":")[0]])


@cache
def _digest(module: ModuleType) -> str:
    """Of the code that runs: a file that changes later is not imported again."""
    file = getattr(module, "__file__", None)
    return hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] if file else ""
