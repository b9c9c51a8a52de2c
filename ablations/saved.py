"""A finished run as JSON, on disk and inside its report, and read back from either."""

import json
import re
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ablations.errors import SettingError
from ablations.runs import Run
from ablations.trials import write_text

FORMAT = 1
"""Raised whenever a saved run gets other fields."""

RUN_FILE = "run.json"
EMBEDDED_ID = "run"
"""The id of the report's script element that holds the run."""

_RUN = TypeAdapter(Run)


def dump_run(run: Run) -> dict[str, Any]:
    """The run as JSON values; `parse_run` takes them."""
    return {"format": FORMAT, **_RUN.dump_python(run, mode="json")}


def parse_run(values: Any) -> Run:
    """Raises ValueError, one line, for what `dump_run` cannot have made."""
    if not isinstance(values, dict) or "format" not in values:
        raise ValueError("it holds no run")
    if values["format"] != FORMAT:
        raise ValueError(f"it was written in format {values['format']}, and this reads {FORMAT}")
    try:
        return _RUN.validate_python({k: v for k, v in values.items() if k != "format"})
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ValueError(f"{where}: {first['msg']}") from None


def save_run(run: Run) -> None:
    """Writes run.json into the run's output folder."""
    text = json.dumps(dump_run(run), indent=1, ensure_ascii=False)
    write_text(run.settings.output / RUN_FILE, text + "\n")


def load_run(path: Path, setting: str) -> Run:
    """The run of an output folder, or of a report's file.

    Raises SettingError, in the name of `setting`, where there is none.
    """
    file = path / RUN_FILE if path.is_dir() else path
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix.lower() in (".html", ".htm"):
            text = _embedded(text)
        return parse_run(json.loads(text))
    except FileNotFoundError:
        missing = f"holds no {RUN_FILE}; it is no run's folder" if path.is_dir() else "no such file"
        raise SettingError(setting, path, missing) from None
    except (ValueError, RecursionError, OSError) as error:
        reason = (str(error) or type(error).__name__).splitlines()[0]
        raise SettingError(setting, path, f"cannot be read as a run: {reason}") from None


def _embedded(page: str) -> str:
    found = re.search(
        rf'<script type="application/json" id="{EMBEDDED_ID}">(.*?)</script>', page, re.DOTALL
    )
    if found is None:
        raise ValueError("the page embeds no run; it is no report of this program")
    return found[1]
