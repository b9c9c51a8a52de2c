"""The tracebacks of what failed, one text file each. No torch."""

from pathlib import Path

from ablations.records.files import write_text

FOLDER = "logs"


def write_log(output: Path, stem: str, text: str) -> str:
    """Writes a traceback into an output folder.

    Args:
        output: The output folder.
        stem: Name of the file, without its ending; see `RecordKey.stem`.
        text: Traceback; see `traceback_text`.

    Returns:
        The file's path in the output folder.
    """
    name = f"{FOLDER}/{stem}.txt"
    write_text(output / name, text)
    return name
