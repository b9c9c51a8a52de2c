"""The output folder of a run: what it holds, whether it can be written, logs. No torch."""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from ablations.errors import SettingError
from ablations.records.claims import remove_free
from ablations.records.files import remove_leftovers, write_text

CHECKPOINTS, LOGS, WEIGHTS = "checkpoints", "logs", "weights"
WRITTEN = {
    CHECKPOINTS: True,
    "claims": True,
    LOGS: True,
    "report.html": False,
    "run.json": False,
    "slurm": True,
    "tables": True,
    "timings": True,
    "trials": True,
    WEIGHTS: True,
}
"""What a run writes into its output folder; True for a directory."""


def check_writable(setting: str, folder: Path, written: Mapping[str, bool]) -> None:
    """Check that a folder is, or can become, a directory to write in. Leaves nothing behind.

    Args:
        setting: Name of the setting, for the error.
        folder: The folder.
        written: What will be written there, by name; True for a directory.

    Raises:
        SettingError: In one line, if it is not.
    """
    try:
        str(folder).encode()
        present = next(path for path in (folder, *folder.absolute().parents) if path.exists())
        if not present.is_dir():
            raise SettingError(setting, folder, f"{present} is not a directory")
        if folder.is_symlink() and not folder.exists():
            raise SettingError(setting, folder, "is a broken link")
        tempfile.TemporaryFile(dir=present).close()
        for name, is_folder in written.items():
            path = folder / name
            if path.exists() and path.is_dir() != is_folder:
                kind = "directory" if is_folder else "file"
                raise SettingError(setting, folder, f"{path} is in the way: it is not a {kind}")
            if path.is_dir():
                tempfile.TemporaryFile(dir=path).close()
    except OSError as error:
        problem = f"cannot write there ({error.strerror}); name another folder"
        raise SettingError(setting, folder, problem) from None
    except UnicodeEncodeError:
        raise SettingError(setting, ascii(str(folder)), "is not a name in UTF-8") from None


def tidy(folder: Path) -> None:
    """Remove what killed runs left in an output folder."""
    remove_leftovers([folder, *(folder / name for name, is_folder in WRITTEN.items() if is_folder)])
    if folder.is_dir():
        remove_free(folder)


def write_log(output: Path, stem: str, text: str) -> str:
    """Write a traceback into an output folder.

    Args:
        output: The output folder.
        stem: Name of the file, without its ending.
        text: Traceback; see `traceback_text`.

    Returns:
        The file's path in the output folder.
    """
    name = f"{LOGS}/{stem}.txt"
    write_text(output / name, text)
    return name
