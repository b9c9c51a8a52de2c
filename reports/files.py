"""What a run leaves in its folder for people: the report and the tables."""

from pathlib import Path

from ablations.files import write_text
from ablations.runs import Run
from ablations.variants import STUDIES
from reports.html import render_report
from reports.sections import build_sections


def write_report(run: Run, output: Path) -> Path:
    """Writes report.html and tables/<study>.{csv,md,tex} into a folder; returns the page's path.

    Tables of studies that this run does not have are removed: they were another run's.
    """
    sections = build_sections(run)
    for other in STUDIES.keys() - {section.name for section in sections}:
        for ending in ("csv", "md", "tex"):
            (output / "tables" / f"{other}.{ending}").unlink(missing_ok=True)
    for section in sections:
        for ending, text in section.texts.items():
            write_text(output / "tables" / f"{section.name}.{ending}", text)
    report = output / "report.html"
    write_text(report, render_report(run, sections))
    return report
