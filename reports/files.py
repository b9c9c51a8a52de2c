"""What a run leaves in its folder for people: the report and the tables."""

from pathlib import Path

from ablations.runs import Run
from ablations.trials import write_text
from reports.html import render_report
from reports.sections import build_sections


def write_report(run: Run, output: Path) -> Path:
    """Writes report.html and tables/<study>.{csv,md,tex} into a folder; returns the page's path."""
    sections = build_sections(run)
    for section in sections:
        for ending, text in section.texts.items():
            write_text(output / "tables" / f"{section.name}.{ending}", text)
    report = output / "report.html"
    write_text(report, render_report(run, sections))
    return report
