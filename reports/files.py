"""What a run leaves in its folder for people: the report and the tables."""

from pathlib import Path

from ablations.runs import Run
from ablations.trials import write_text
from reports.html import build_sections, render_report


def write_report(run: Run) -> Path:
    """Writes report.html and tables/<study>.csv; returns the report's path."""
    sections = build_sections(run)
    output = run.settings.output
    for section in sections:
        text = section.table.frame.to_csv(index=False, lineterminator="\n")
        write_text(output / "tables" / f"{section.name}.csv", text)
    report = output / "report.html"
    write_text(report, render_report(run, sections))
    return report
