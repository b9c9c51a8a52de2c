"""The report: one self-contained HTML file."""

from dataclasses import dataclass

from jinja2 import Environment, PackageLoader, StrictUndefined

from ablations.conventions import ABLATION, FULL, ZOO
from ablations.runs import Run
from ablations.settings import TrainSettings
from ablations.training import describe_optimiser
from ablations.variants import Study
from ablations.verify import PAPER_MODEL, Row
from involution_core.architectures import ARCHITECTURES
from involution_core.forms import ATTENTION
from reports import plots
from reports.frames import accuracy_frame, cost_frame, study_frame
from reports.tables import AXES, Table, study_table

TITLES = {
    "kernel-size": "Kernel size",
    "group-channels": "Group channels",
    "kernel-generator": "Form of the kernel generator",
}


@dataclass(frozen=True)
class Section:
    """One study of the report; the figures are SVG. accuracy: None where nothing was measured."""

    name: str
    title: str
    table: Table
    accuracy: str | None
    cost: str
    proofs: list[Row]


def model_title(name: str) -> str:
    """ "RedNet-50" for rednet50."""
    return name.replace("rednet", "RedNet-").replace("--", "-")


def counted_on(model: str) -> str:
    """What the costs belong to."""
    architecture = ARCHITECTURES[model]
    size = architecture.image_size
    return f"{model_title(model)}, {size}×{size}, {architecture.classes} classes"


def budget(train: TrainSettings) -> str:
    """How long a trial is trained."""
    return f"{train.epochs} epochs" if train.epochs is not None else f"{train.steps} steps"


def measured_on(run: Run) -> str | None:
    """What the accuracies belong to, None where nothing was trained."""
    train = run.settings.train
    if train is None:
        return None
    seeds = run.settings.seeds
    return (
        f"{model_title(train.model)}, {train.dataset}, {budget(train)}, "
        f"{seeds} {'seed' if seeds == 1 else 'seeds'}"
    )


def _section(run: Run, study: Study) -> Section:
    rows = list(run.proofs[study.name])
    axis, show = AXES[study.name]
    labels = [show(value).split(", ")[-1].split(" (")[0] for value in study.variants]
    accuracy = None
    points = accuracy_frame(study, run.records)
    if points["top1"].notna().any():
        accuracy = plots.accuracy_figure(study.name, labels, axis, points)
    frame = study_frame(study, rows, run.records)
    return Section(
        name=study.name,
        title=TITLES[study.name],
        table=study_table(
            study.name,
            frame,
            counted_on(run.settings.cost_model),
            measured_on(run),
            compare=run.settings.cost_model == PAPER_MODEL,
        ),
        accuracy=accuracy,
        cost=plots.cost_figure(study.name, labels, axis, cost_frame(rows)),
        proofs=rows,
    )


def build_sections(run: Run) -> list[Section]:
    """Tables and figures of every study, in order."""
    return [_section(run, study) for study in run.studies]


def render_report(run: Run, sections: list[Section]) -> str:
    """The page as text; it refers to nothing outside itself."""
    environment = Environment(
        loader=PackageLoader("reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("report.html.j2").render(
        run=run,
        train=run.settings.train,
        sections=sections,
        smallest_p=2.0 ** (1 - run.settings.seeds),
        optimiser=describe_optimiser(),
        counted_on=counted_on(run.settings.cost_model),
        measured_on=measured_on(run),
        conventions={"full": FULL, "ablation": ABLATION, "zoo": ZOO},
        has_attention=any(
            variant.generator == ATTENTION
            for study in run.studies
            for variant in study.variants.values()
        ),
        data=run.records[0].data if run.records else None,
        budget=budget(run.settings.train) if run.settings.train else None,
    )
