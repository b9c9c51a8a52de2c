"""Runs as JSON, written to run.json and into the report, and read from either."""

import json
import re
from os.path import expanduser, isdir
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ablations.costs.formulas import MAC_TERMS
from ablations.errors import SettingError, one_line
from ablations.records.damage import Damaged, Tell, set_aside
from ablations.records.files import OtherFormat, sealed, unsealed, write_json
from ablations.records.run_record import Run
from ablations.records.store import first_problem
from ablations.study.builder import BadStudy, make_study, parse_study

FORMAT = 1
"""Raised whenever a saved run gets other fields."""

RUN_FILE = "run.json"
REPORT_FILE = "report.html"
EMBEDDED_ID = "run"
"""The id of the report's script element that holds the run."""

_RUN = TypeAdapter(Run)


def dump_run(run: Run) -> dict[str, Any]:
    """Return a run as JSON values, for `parse_run`.

    Folders below the user's home start with ~, so that the file does not tell the user's name.
    """
    values = {"format": FORMAT, **_RUN.dump_python(run, mode="json")}
    settings = values["settings"]
    settings["output"] = _without_home(settings["output"])
    if settings["train"] is not None:
        settings["train"]["data_dir"] = _without_home(settings["train"]["data_dir"])
    return sealed(values)


def _without_home(path: str) -> str:
    home = expanduser("~").rstrip("/")
    inside = path.startswith(f"{home}/") and home.startswith("/")
    return f"~{path.removeprefix(home)}" if inside else path


def parse_run(values: Any) -> Run:
    """Return the run of JSON values that `dump_run` made.

    Raises:
        OtherFormat: In one line, for a run of another format.
        ValueError: In one line, for anything else.
    """
    if not isinstance(values, dict) or "format" not in values:
        raise ValueError("it holds no run")
    if not _is_unicode(values):
        raise ValueError("it holds an incomplete Unicode character")
    try:
        run = _RUN.validate_python(unsealed(values, FORMAT))
        _check(run)
        return run
    except ValidationError as error:
        raise ValueError(first_problem(error)) from None
    except BadStudy as error:
        raise ValueError(f"its study is invalid: {error}") from None
    except (LookupError, TypeError, AttributeError, ArithmeticError) as error:
        raise ValueError(f"a part is missing or invalid ({error})") from None


def _is_unicode(values: object) -> bool:
    """Return whether all texts can be written; JSON can hold half a surrogate pair."""
    try:
        json.dumps(values, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return False
    return True


def _check(run: Run) -> None:
    """Raise ValueError, KeyError or TypeError if the parts of the run do not fit together."""
    if not run.studies:
        raise ValueError("it has no studies")
    if len({study.name for study in run.studies}) < len(run.studies):
        raise ValueError("a study is listed twice")
    for study in run.studies:
        if make_study(parse_study(study.source), study.source) != study:
            raise ValueError(f"the study {study.name} is not what its file says")
        proven = [(proof.name, proof.variant) for proof in run.proofs[study.name]]
        if proven != list(study.variants.items()):
            raise ValueError(f"the proofs of {study.name} are not of its variants")
        for proof in run.proofs[study.name]:
            if set(proof.counted_macs) != set(MAC_TERMS):
                raise ValueError(f"the counts of {study.name}, {proof.name} lack a term")
    if run.settings.train is None and (run.records or run.timings or run.tuning):
        raise ValueError("it has trials without training settings")
    for records in (run.records, run.tuning):
        trials = [(record.variant, record.seed) for record in records]
        if len(set(trials)) < len(trials):
            raise ValueError("a trial is listed twice")


def save_run(run: Run) -> None:
    """Write run.json into the run's output folder."""
    write_json(run.settings.output / RUN_FILE, dump_run(run))


def load_run(path: Path, setting: str) -> Run:
    """Return the run of an output folder, a run.json or a report.

    Args:
        path: The folder or file.
        setting: Name of the setting, for the error.

    Raises:
        SettingError: In one line, if there is no run that can be read.
    """
    is_folder = isdir(path)  # Path.is_dir raises an error for a name that is too long
    file = path / RUN_FILE if is_folder else path
    try:
        return _read(file)
    except FileNotFoundError:
        missing = f"holds no {RUN_FILE}; it is no run's folder" if is_folder else "no such file"
        raise SettingError(setting, path, missing) from None
    except (ValueError, RecursionError, OSError) as error:
        told = str(error) if isinstance(error, ValueError) else one_line(error)
        named = f"its {RUN_FILE} cannot" if is_folder else "cannot"
        lost = file.name == RUN_FILE and not isinstance(error, OtherFormat)
        again = _way_back(file) if lost else ""
        raise SettingError(setting, path, f"{named} be read as a run: {told}{again}") from None


def set_aside_damaged(output: Path, tell: Tell) -> None:
    """Set aside an output folder's run.json if it is damaged.

    Raises:
        SettingError: In one line, if another version wrote it in a format that is not read.
    """
    file = output / RUN_FILE
    try:
        _read(file)
    except FileNotFoundError:
        return
    except OtherFormat as error:
        problem = f"holds a run that cannot be read: {error}; name another folder"
        raise SettingError("output", output, problem) from None
    except (ValueError, RecursionError, OSError) as error:
        told = str(error) if isinstance(error, ValueError) else one_line(error)
        set_aside(Damaged(file, told), tell, "this run writes another")


def _read(file: Path) -> Run:
    text = file.read_text(encoding="utf-8")
    if file.suffix.lower() in (".html", ".htm"):
        text = _embedded(text)
    return parse_run(json.loads(text))


def _way_back(file: Path) -> str:
    """Return how to write a damaged run.json again, in words; empty without trials."""
    output = file.parent
    if not any((output / "trials").glob("*.json")):
        return ""
    try:
        _read(output / REPORT_FILE)
        command = f"'involution-ablate run {output / REPORT_FILE} --output {output}'"
    except (ValueError, RecursionError, OSError):
        command = f"the run's command, with --output {output},"
    return f"; the trials are still there: {command} writes it again and trains none of them"


def _embedded(page: str) -> str:
    found = re.search(
        rf'<script type="application/json" id="{EMBEDDED_ID}">(.*?)</script>', page, re.DOTALL
    )
    if found is None:
        raise ValueError("the page embeds no run; it is no report of this program")
    return found[1]
