"""A finished run as JSON, on disk and inside its report, and read back from either."""

import json
import re
from os.path import isdir
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from ablations.costs.formulas import MAC_TERMS
from ablations.errors import SettingError, one_line
from ablations.records.files import write_json
from ablations.records.migrations import OLDEST, migrate
from ablations.records.run_record import Run
from ablations.records.store import first_problem
from ablations.study.builder import BadStudy, make_study, parse_study

FORMAT = 3
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
    try:
        values = migrate(values)
        if values["format"] != FORMAT:
            formats = f"{values['format']}, and this reads {OLDEST} to {FORMAT}"
            raise ValueError(f"it was written in format {formats}")
        run = _RUN.validate_python({k: v for k, v in values.items() if k != "format"})
        _check(run)
        return run
    except ValidationError as error:
        raise ValueError(first_problem(error)) from None
    except BadStudy as error:
        raise ValueError(f"its study cannot be: {error}") from None
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a part of it is missing or something else ({error})") from None


def _check(run: Run) -> None:
    """Raises ValueError, KeyError or TypeError where the parts of the run do not fit together."""
    if not run.studies:
        raise ValueError("a run of no studies")
    if len({study.name for study in run.studies}) < len(run.studies):
        raise ValueError("a study stands there twice")
    for study in run.studies:
        if make_study(parse_study(study.source), study.source) != study:
            raise ValueError(f"the study {study.name} is not what its file says")
        proven = [(proof.name, proof.variant) for proof in run.proofs[study.name]]
        if proven != list(study.variants.items()):
            raise ValueError(f"the proofs of {study.name} are not of its variants")
        for proof in run.proofs[study.name]:
            if set(proof.fvcore_macs) != set(MAC_TERMS):
                raise ValueError(f"the counts of {study.name}, {proof.name} lack a term")
    if run.settings.train is None and (run.records or run.timings or run.tuning):
        raise ValueError("a run without training that has trials")
    for records in (run.records, run.tuning):
        trials = [(record.variant, record.seed) for record in records]
        if len(set(trials)) < len(trials):
            raise ValueError("a trial stands there twice")


def save_run(run: Run) -> None:
    """Writes run.json into the run's output folder."""
    write_json(run.settings.output / RUN_FILE, dump_run(run))


def load_run(path: Path, setting: str) -> Run:
    """The run of an output folder, or of a report's file.

    Raises SettingError, in the name of `setting`, where there is none.
    """
    is_folder = isdir(path)  # Path.is_dir raises an error for a name that is too long
    file = path / RUN_FILE if is_folder else path
    try:
        text = file.read_text(encoding="utf-8")
        if file.suffix.lower() in (".html", ".htm"):
            text = _embedded(text)
        return parse_run(json.loads(text))
    except FileNotFoundError:
        missing = f"holds no {RUN_FILE}; it is no run's folder" if is_folder else "no such file"
        raise SettingError(setting, path, missing) from None
    except (RecursionError, OSError) as error:
        raise SettingError(setting, path, f"cannot be read as a run: {one_line(error)}") from None
    except ValueError as error:
        raise SettingError(setting, path, f"cannot be read as a run: {error}") from None


def _embedded(page: str) -> str:
    found = re.search(
        rf'<script type="application/json" id="{EMBEDDED_ID}">(.*?)</script>', page, re.DOTALL
    )
    if found is None:
        raise ValueError("the page embeds no run; it is no report of this program")
    return found[1]
