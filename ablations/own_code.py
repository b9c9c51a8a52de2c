"""A user's own code, named as module:object. No torch.

A module is looked for in the folder that the command is run in, then among what is installed.
"""

import hashlib
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path, PurePosixPath
from types import ModuleType
from typing import Any

from ablations import working_folder
from ablations.errors import one_line

_OWN_CODE = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")
"""module:object, as in an entry point."""

_THE_PROGRAMS = {"ablations", "cli", "involution_ablate", "involution_core", "reports"}
_INSTALLED = {"site-packages", "dist-packages"}
_HERE = f"{working_folder.__name__}."

Code = Mapping[str, str]
"""The files of a module's code, by their names below its folder, each with its digest."""


class _Here:
    """Finds the modules of the folder that the process is in."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        return PathFinder.find_spec(name, [""], target) if path is None else None


def is_own_code(text: str) -> bool:
    """Whether `text` is module:object."""
    return _OWN_CODE.fullmatch(text) is not None


def load_object(spec: str) -> Callable[..., Any]:
    """What module:object names, which can be called.

    Raises ValueError, one line, where there is no such thing or its module cannot be imported.
    """
    module, name = _module(spec), spec.partition(":")[2]
    found = getattr(module, name, None)
    if found is None:
        file = getattr(module, "__file__", None) or "built into Python"
        raise ValueError(f"the module {_plain(module.__name__)} has no {name} ({file})")
    if not callable(found):
        raise ValueError(f"{name} of {_plain(module.__name__)} cannot be called")
    return found


def _module(spec: str) -> ModuleType:
    """Import the module of module:object, under a separate name if its plain name is taken."""
    name = spec.partition(":")[0]
    if _Here not in sys.meta_path:
        sys.meta_path.append(_Here)  # last, so that no file here stands in for what is installed
    try:
        names = name.split(".")
        if _below(Path.cwd(), names) and not _is_free(names[0]):
            return importlib.import_module(_HERE + name)
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # whatever a user's module does when it is imported
        raise ValueError(f"cannot import {name} ({one_line(error)})") from None


def _below(folder: Path, parts: Sequence[str]) -> Path | None:
    """The file of the module with these names, in a folder; None where there is none."""
    path = folder.joinpath(*parts)
    files = (path / "__init__.py", path.with_name(f"{path.name}.py"))
    return next((file.resolve() for file in files if file.is_file()), None)


def _is_free(top: str) -> bool:
    """Whether Python imports nothing else under this name than what the working folder has."""
    if top in _THE_PROGRAMS or top in sys.stdlib_module_names:
        return False
    found = _spec(top)
    if found is None:
        return top not in sys.modules
    here = Path.cwd() / top
    ours = {here, here.with_name(f"{top}.py"), here / "__init__.py"}
    places = [found.origin] if found.has_location else [*(found.submodule_search_locations or ())]
    return any(place is not None and Path(place).absolute() in ours for place in places)


def _spec(top: str) -> ModuleSpec | None:
    """What Python would import under a name without dots. Runs no code."""
    try:
        return importlib.util.find_spec(top)
    except ValueError:  # loaded, and it does not say from where, as __main__ may be
        return None


def _plain(name: str) -> str:
    return name.removeprefix(_HERE)


def find_file(spec: str) -> Path | None:
    """The file of a module, found without running any code; None where there is none."""
    top, *parts = names = spec.partition(":")[0].split(".")
    here = _below(Path.cwd(), names)
    found = None if here else _spec(top)
    if found is None:
        return here
    if not parts:
        return _resolved(found.origin if found.has_location else None)
    inside = [_below(Path(folder), parts) for folder in found.submodule_search_locations or ()]
    return next((file for file in inside if file is not None), None)


def code_of(specs: Iterable[str]) -> dict[str, Code]:
    """module:object -> the files that a run took of it, for `is_code_of` in another place.

    They are those that `fingerprint` digests.
    """
    return {spec: _code(_module(spec)) for spec in dict.fromkeys(specs)}


def is_code_of(spec: str, recorded: Code) -> bool:
    """Whether what module:object names here is what was recorded of it, by `code_of`, file by file.

    No code is run for that.
    """
    file = find_file(spec)
    if file is None:
        return False
    folder = _folder(file, spec.partition(":")[0])
    if not recorded.get(file.relative_to(folder).as_posix()):
        return False
    return all(_is_below(name) and _has(folder / name, digest) for name, digest in recorded.items())


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _has(file: Path, digest: str) -> bool:
    return file.is_file() and digest_of(file) == digest


def digest_of(file: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


def fingerprint(spec: str) -> str:
    """A digest of the module's code, so that a trial is run again when it has changed.

    The code is that of the module and of all modules beside it that are loaded: of its package
    where it is installed, else of the folder that it was found in.
    """
    return _digest(_module(spec))


def sources(specs: Iterable[str]) -> dict[str, str]:
    """The files of all that some module:object name, each with a digest of what is run of it: what
    was in it when this was first asked in this process."""
    found: dict[str, str] = {}
    for spec in specs:
        found |= _sources(_module(spec))
    return found


@cache
def _sources(module: ModuleType) -> dict[str, str]:
    return {str(file): digest_of(file) for _, file in _beside(module)}


def _code(module: ModuleType) -> Code:
    own = _file(module)
    if own is None:
        return {}
    folder = _folder(own, _plain(module.__name__))
    return {
        Path(file).relative_to(folder).as_posix(): digest
        for file, digest in _sources(module).items()
    }


@cache
def _digest(module: ModuleType) -> str:
    """Return the digest of the imported code; later changes of its files do not count."""
    digest = hashlib.sha256()
    for name, file in sorted(_beside(module)):
        digest.update(f"{name}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:16]


def _beside(module: ModuleType) -> Iterator[tuple[str, Path]]:
    """Name and file of the module, and of the loaded ones that may be its parts."""
    own = _file(module)
    if own is None:
        return
    folder = _folder(own, _plain(module.__name__))
    package = _plain(module.__name__).partition(".")[0]
    for imported, other in list(sys.modules.items()):
        file, name = _file(other), _plain(imported)
        top = name.partition(".")[0]
        foreign = top in _THE_PROGRAMS and name == imported
        if file is None or foreign or not file.is_relative_to(folder):
            continue
        if top == package or not _INSTALLED & set(file.parts):
            yield name, file


def _folder(file: Path, name: str) -> Path:
    """Return the folder of the module `name`, for a package that of its top."""
    return file.parents[name.count(".")]


def _file(module: object) -> Path | None:
    return _resolved(getattr(module, "__file__", None))


def _resolved(file: object) -> Path | None:
    return Path(file).resolve() if isinstance(file, str) and Path(file).is_file() else None
