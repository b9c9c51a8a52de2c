"""What a run leaves in its folder for people: the report and the tables."""

from pathlib import Path

from ablations.runs import Run
from ablations.trials import write_text
from reports.html import build_sections, counted_on, measured_on, render_report


def write_report(run: Run) -> Path:
    """Writes report.html and tables/<study>.csv; returns the report's path."""
    sections = build_sections(run)
    output = run.settings.output
    for section in sections:
        frame = section.table.frame.assign(
            counted_on=counted_on(run.settings.cost_model), measured_on=measured_on(run)
        )
        text = frame.to_csv(index=False, lineterminator="\n")
        write_text(output / "tables" / f"{section.name}.csv", text)
    report = output / "report.html"
    write_text(report, render_report(run, sections))
    return report
