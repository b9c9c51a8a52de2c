"""An evaluation on the terminal: its progress and, beside the published figures, its outcome."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from ablations.costs.published import IMAGENET_VALIDATION, zoo_row
from ablations.run.evaluation import Evaluation
from ablations.run.evaluation_settings import EvaluationSettings
from involution_core.networks.architectures import ARCHITECTURES
from reports.screen.progress import QUIET_SECONDS, trial_name


def evaluation_lines(settings: EvaluationSettings, evaluation: Evaluation) -> Iterator[str]:
    """What was measured; of a checkpoint of the authors also what is published, and whether the two
    are of the same images."""
    trained = evaluation.trained
    yield from _official(settings, evaluation) if trained is None else _own(settings, evaluation)
    rate = evaluation.images / evaluation.seconds
    yield f"{evaluation.seconds:.0f} s on {evaluation.device.type}, {rate:.0f} images/s"


def _own(settings: EvaluationSettings, evaluation: Evaluation) -> Iterator[str]:
    trained = evaluation.trained
    assert trained is not None
    yield f"{trial_name(trained.variant, trained.seed)}, with the weights of {settings.weights}"
    yield ""
    yield f"{'':11}{'measured':>8}   95 % interval"
    for name, measured, (low, high) in (
        ("Top-1", evaluation.top1, evaluation.top1_interval),
        ("Top-5", evaluation.top5, evaluation.top5_interval),
    ):
        yield f"{name} (%)  {measured:8.2f}   {low:.2f} to {high:.2f}"
    yield ""
    yield f"{evaluation.images:,} images of {evaluation.classes:,} classes: {evaluation.source}"
    if evaluation.skipped:
        yield f"passed over there: {evaluation.skipped}"


def _official(settings: EvaluationSettings, evaluation: Evaluation) -> Iterator[str]:
    published = zoo_row(settings.official_model)
    architecture = ARCHITECTURES[settings.official_model]
    yield f"{settings.official_model} with the weights of {settings.weights}"
    yield ""
    yield f"{'':11}{'measured':>8}   {'95 % interval':17}{'published':>9}"
    for name, measured, (low, high), printed in (
        ("Top-1", evaluation.top1, evaluation.top1_interval, published.top1_percent),
        ("Top-5", evaluation.top5, evaluation.top5_interval, published.top5_percent),
    ):
        yield f"{name} (%)  {measured:8.2f}   {f'{low:.2f} to {high:.2f}':17}{printed or '':>9}"
    yield ""
    size = architecture.image_size
    yield (
        f"measured: {evaluation.images:,} images of {evaluation.classes:,} classes under "
        f"{evaluation.source}, shorter side {size * 256 // 224}, middle {size}x{size}"
    )
    if evaluation.skipped:
        yield f"passed over there: {evaluation.skipped}"
    yield (
        f"published: the authors' model zoo, ImageNet's validation split, "
        f"{IMAGENET_VALIDATION:,} images of {architecture.classes:,} classes"
    )
    yield "  (resized by OpenCV without antialiasing, which alone can move a figure by some tenths)"
    counts = (evaluation.images, evaluation.classes)
    if counts == (IMAGENET_VALIDATION, architecture.classes):
        yield "as many images and classes: comparable if they are the same images"
    else:
        yield "not as many images or classes: not comparable with the published figures"


@contextmanager
def watch_images(console: Console) -> Iterator[Callable[[str, int, int], None]]:
    """Take (what is counted, how many are done, of how many): a bar on a terminal, else a line
    now and then."""
    if not console.is_terminal:
        printed = time.monotonic()

        def tell(what: str, done: int, images: int) -> None:
            nonlocal printed
            if time.monotonic() - printed >= QUIET_SECONDS:
                console.print(f"{done}/{images} {what}", markup=False, highlight=False)
                printed = time.monotonic()

        yield tell
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        task = bars.add_task("images", total=None)

        def show(what: str, done: int, images: int) -> None:
            bars.update(task, description=what, completed=done, total=images)

        yield show
