"""What a run leaves in its folder for people: the report and the tables."""

import json
from pathlib import Path

from ablations.records.files import write_text
from ablations.records.run_file import RUN_FILE
from ablations.results.results import Results
from reports.page.html_pages import render_report
from reports.page.sections import build_sections
from reports.tables.formats import ENDINGS
from reports.tables.named_tables import table_names


def remove_tables(output: Path) -> None:
    """Remove the tables of the run that is saved in a folder, before another takes its place."""
    try:
        studies = json.loads((output / RUN_FILE).read_text(encoding="utf-8"))["studies"]
        found = [table_names(str(study["name"]), map(str, study["axes"])) for study in studies]
        names: set[str] = set().union(*found)
    except (OSError, ValueError, TypeError, KeyError):
        return  # there is none, or none that can be read
    for path in (output / "tables").glob("*.*"):
        if path.stem in names and path.suffix[1:] in ENDINGS:
            path.unlink(missing_ok=True)


def write_report(results: Results, output: Path) -> Path:
    """Write report.html and tables/<table>.{csv,md,tex} into a folder; returns the page's path."""
    sections = build_sections(results)
    for section in sections:
        for named in section.tables:
            for ending, text in named.texts.items():
                write_text(output / "tables" / f"{named.name}.{ending}", text)
    report = output / "report.html"
    write_text(report, render_report(results, sections))
    return report
