"""The tracebacks of what failed, one text file each. No torch."""

import traceback
from pathlib import Path

from ablations.records.files import write_text
from ablations.texts import inert

FOLDER = "logs"


def traceback_text(error: BaseException) -> str:
    """The traceback of an error. It holds no frame, and so no tensor, alive."""
    return inert("".join(traceback.format_exception(error)), kept="\n\t")


def write_log(output: Path, stem: str, text: str) -> str:
    """Writes a traceback into an output folder.

    Args:
        output: The output folder.
        stem: Name of the file, without its ending; see `RecordKey.stem`.
        text: Of `traceback_text`.

    Returns:
        The file's path in the output folder.
    """
    name = f"{FOLDER}/{stem}.txt"
    write_text(output / name, text)
    return name
