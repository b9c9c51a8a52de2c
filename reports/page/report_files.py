"""What a run leaves in its folder for people: the report and the tables."""

import json
import re
from pathlib import Path

from ablations.records.files import write_text
from ablations.records.run_file import RUN_FILE
from ablations.records.run_record import Run
from reports.page.html_pages import render_report
from reports.page.sections import build_sections

TABLE_ENDINGS = (".csv", ".md", ".tex")


def remove_tables(output: Path) -> None:
    """Removes the tables of the run that is saved in a folder, before another takes its place."""
    try:
        studies = json.loads((output / RUN_FILE).read_text(encoding="utf-8"))["studies"]
        names = [str(study["name"]) for study in studies]
    except (OSError, ValueError, TypeError, KeyError):
        return  # there is none, or none that can be read
    for path in (output / "tables").glob("*.*"):
        if path.suffix in TABLE_ENDINGS and any(
            re.fullmatch(rf"{re.escape(name)}(-by-\w+|-interactions)?", path.stem) for name in names
        ):
            path.unlink(missing_ok=True)


def write_report(run: Run, output: Path) -> Path:
    """Writes report.html and tables/<table>.{csv,md,tex} into a folder; returns the page's path."""
    sections = build_sections(run)
    for section in sections:
        for named in section.tables:
            for ending, text in named.texts.items():
                write_text(output / "tables" / f"{named.name}.{ending}", text)
    report = output / "report.html"
    write_text(report, render_report(run, sections))
    return report
