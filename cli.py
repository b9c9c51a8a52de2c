"""The command line: parse, call, print. Imports nothing heavy before a command runs."""

import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import click

from ablations.checks import check_run
from ablations.errors import SettingError
from ablations.settings import (
    DATASETS,
    DEFAULT_EPOCHS,
    DEVICES,
    MODELS,
    RunSettings,
    TrainSettings,
    check_writable,
)
from ablations.variants import STUDIES, Study

PROGRAM = "involution-ablate"
FAILED, BAD_INPUT, INTERRUPTED = 1, 2, 130
DEFAULTS = TrainSettings()


class ListCommand(click.Command):
    """A command whose `multiple` options take several values at once: --sizes 3 5, --sizes 3,5.

    click gives an option a fixed number of values, so the list is rewritten to
    `--sizes 3 --sizes 5` before click sees it.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        lists = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and parameter.multiple
            for name in parameter.opts
        }
        return super().parse_args(ctx, list(spread_lists(args, lists)))


def spread_lists(args: Sequence[str], lists: set[str]) -> Iterator[str]:
    """`args` with `name` repeated before each value of every option in `lists`."""
    rest = list(args)
    while rest:
        arg = rest.pop(0)
        name, equals, value = arg.partition("=")
        if arg == "--":
            yield from [arg, *rest]
            return
        if name not in lists:
            yield arg
            continue
        typed = [value] if equals else []
        while not equals and rest and not _is_option(rest[0]):
            typed.append(rest.pop(0))
        values = [item for text in typed for item in text.split(",") if item]
        if not values:
            raise click.UsageError(f"{name}: give at least one value, as {name} A B or {name} A,B")
        for item in values:
            yield from (name, item)


def _is_option(arg: str) -> bool:
    """Whether `arg` starts an option; -3 is a (bad) value, -- ends the options."""
    return arg.startswith("-") and not re.match(r"-\d", arg)


def shared_options(command: Callable) -> Callable:
    """The options of every command that runs studies."""
    options = [
        click.option(
            "--output",
            type=click.Path(path_type=Path),
            metavar="DIR",
            show_default="runs/<command>",
            help="Folder for report.html, tables/ and trials/. Example: --output runs/mine",
        ),
        click.option(
            "--dataset",
            default=DEFAULTS.dataset,
            metavar="NAME",
            help=f"{', '.join(DATASETS)}. Example: --dataset imagefolder:/data/imagenette",
        ),
        click.option(
            "--data-dir",
            default=DEFAULTS.data_dir,
            type=click.Path(path_type=Path),
            metavar="DIR",
            help="Where downloaded data sets lie or go. Example: --data-dir ~/data",
        ),
        click.option(
            "--seeds", default=3, metavar="N", help="Trials of each variant. Example: --seeds 6"
        ),
        click.option(
            "--epochs",
            type=int,
            metavar="N",
            show_default=str(DEFAULT_EPOCHS),
            help="Budget of a trial, in passes over the data. Example: --epochs 20",
        ),
        click.option(
            "--steps",
            type=int,
            metavar="N",
            help="Budget of a trial in batches, instead of --epochs. Example: --steps 500",
        ),
        click.option(
            "--batch-size",
            default=DEFAULTS.batch_size,
            metavar="N",
            help="Images in a batch. Example: --batch-size 128",
        ),
        click.option(
            "--lr",
            default=DEFAULTS.lr,
            metavar="RATE",
            help="Peak learning rate. Example: --lr 0.05",
        ),
        click.option(
            "--device",
            default=DEFAULTS.device,
            metavar="NAME",
            help=f"{', '.join(DEVICES)}. Example: --device cuda",
        ),
        click.option(
            "--train-model",
            default=DEFAULTS.model,
            metavar="NAME",
            help=f"Network to train: {', '.join(MODELS)}. Example: --train-model rednet26",
        ),
        click.option(
            "--cost-model",
            default="rednet50",
            metavar="NAME",
            help="Network whose costs are counted, at its own image size and class number "
            "(the paper's: rednet50, 224x224, 1000). Example: --cost-model rednet26",
        ),
        click.option(
            "--no-train", is_flag=True, help="Costs and their proof only. Example: --no-train"
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(version(PROGRAM), prog_name=PROGRAM)
def cli() -> None:
    """The ablations of involution (CVPR 2021): costs proven, short runs trained, one report."""


@cli.command("kernel-size", cls=ListCommand)
@click.option(
    "--sizes",
    multiple=True,
    default=STUDIES["kernel-size"].paper_values,
    metavar="K...",
    help="Kernel sizes, odd. Example: --sizes 3 5 7 9",
)
@shared_options
def kernel_size(sizes: Sequence[str], **options: Any) -> None:
    """Table (a): the size of the involution kernel."""
    run_studies("kernel-size", {"kernel-size": sizes}, **options)


@cli.command("group-channels", cls=ListCommand)
@click.option(
    "--channels",
    multiple=True,
    default=STUDIES["group-channels"].paper_values,
    metavar="N...",
    help="Channels that share one kernel; C: all of them. Example: --channels 1 4 16 C",
)
@shared_options
def group_channels(channels: Sequence[str], **options: Any) -> None:
    """Table (b): how many channels share one kernel."""
    run_studies("group-channels", {"group-channels": channels}, **options)


@cli.command("kernel-generator", cls=ListCommand)
@click.option(
    "--forms",
    multiple=True,
    default=STUDIES["kernel-generator"].paper_values,
    metavar="FORM...",
    help="W (one map), r=N (W1 sigma(W0)) or attention. Example: --forms W r=1 r=4 attention",
)
@shared_options
def kernel_generator(forms: Sequence[str], **options: Any) -> None:
    """Table (c): the form of the kernel generator."""
    run_studies("kernel-generator", {"kernel-generator": forms}, **options)


@cli.command("all")
@shared_options
def all_studies(**options: Any) -> None:
    """The three tables with the paper's values, in one report.

    Variants that two tables share are trained once.
    """
    values = {kind.name: kind.paper_values for kind in STUDIES.values()}
    run_studies("all", values, **options)


@cli.command()
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every number, layer by layer, to FILE. Example: --json proof.json",
)
def verify(json_file: Path | None) -> None:
    """Prove the counts; exit 0 or 1.

    Closed form, fvcore and a second counter, layer by layer, and the published tables.
    """
    if json_file is not None:
        if not json_file.absolute().parent.is_dir() or not json_file.name:
            raise SettingError("json", json_file, f"{json_file.parent} is not a directory")
        check_writable("json", json_file.parent, {json_file.name: False})
    from dataclasses import asdict

    from ablations.cost import UncountedOperator
    from ablations.trials import write_json
    from ablations.verify import Row, prove_all
    from reports.terminal import EXPLANATION, proof_heading, proof_line

    def show(row: Row) -> None:
        click.echo(proof_line(row))
        for mismatch in row.mismatches:
            click.echo(f"  {mismatch}")

    click.echo(EXPLANATION + "\n\n" + proof_heading())
    try:
        rows = prove_all(show)
    except UncountedOperator as error:
        click.echo(f"WRONG: {error}; it would be counted as zero")
        sys.exit(FAILED)
    wrong = [row for row in rows if not row.verified]
    networks = {(row.model, row.variant, row.stem_kernel_size): len(row.layers) for row in rows}
    if json_file is not None:
        write_json(json_file, [{**asdict(row), "verified": row.verified} for row in rows])
    if wrong:
        click.echo(f"{len(wrong)} of {len(rows)} rows differ")
        sys.exit(FAILED)
    click.echo(
        f"{len(rows)} rows, {len(networks)} different networks, {sum(networks.values())} "
        "involution layers: every number equal"
    )


@cli.command()
def backends() -> None:
    """Print the implementations of the operator, preferred first, and whether each runs here."""
    from involution_core.backends import describe_backends

    for name, state in describe_backends():
        click.echo(f"{name:8} {state}")


def run_studies(
    command: str,
    values: Mapping[str, Sequence[str]],
    *,
    output: Path | None,
    cost_model: str,
    seeds: int,
    no_train: bool,
    train_model: str,
    epochs: int | None,
    steps: int | None,
    **training: Any,
) -> None:
    """Runs studies of the typed `values` and prints the tables, last the report's path."""
    studies: list[Study] = [STUDIES[name].study(typed) for name, typed in values.items()]
    if epochs is None and steps is None:
        epochs = DEFAULT_EPOCHS
    training["data_dir"] = training["data_dir"].expanduser()
    train = TrainSettings(model=train_model, epochs=epochs, steps=steps, **training)
    settings = RunSettings(
        output=Path("runs") / command if output is None else output.expanduser(),
        cost_model=cost_model,
        seeds=seeds,
        train=None if no_train else train,
    )
    check_run(studies, settings)
    from rich.console import Console

    from ablations.allocator import keep_freed_memory
    from ablations.cost import UncountedOperator
    from ablations.runs import execute
    from involution_core.native.backend import KERNEL
    from reports.files import write_report
    from reports.progress import watch
    from reports.terminal import study_lines

    keep_freed_memory()
    if isinstance(KERNEL, str):
        click.echo(f"slower backend shift: native cannot run: {KERNEL}", err=True)
    with watch(Console(stderr=True)) as progress:
        try:
            run = execute(studies, settings, [PROGRAM, *sys.argv[1:]], progress)
        except KeyboardInterrupt:
            kept = f"{progress.ended} of {progress.trials} trials are kept in {settings.output}"
            again = (
                f"{kept}; the same command goes on from there" if progress.trials else "no trial"
            )
            fail(f"interrupted: {again}", INTERRUPTED)
        except UncountedOperator as error:
            fail(f"{error}; it would be counted as zero", FAILED)
    report = write_report(run)
    for line in study_lines(run):
        click.echo(line)
    if run.failures:
        told = f"{len(run.failures)} of {len(run.records)} trials failed: see the report"
        click.echo(told, err=True)
    if not run.verified:
        click.echo("the counts differ from the closed form: see Verification", err=True)
    click.echo(report)
    if not run.verified or (run.failures and len(run.failures) == len(run.records)):
        sys.exit(FAILED)


def main() -> None:
    """Entry point: every error is one line on stderr."""
    try:
        sys.exit(cli.main(sys.argv[1:] or ["--help"], prog_name=PROGRAM, standalone_mode=False))
    except SettingError as error:
        fail(f"--{error}", BAD_INPUT)
    except click.ClickException as error:
        fail(error.format_message(), error.exit_code)
    except click.Abort:
        fail("interrupted", INTERRUPTED)
    except OSError as error:
        fail(f"{error.filename or 'file'}: {error.strerror or error}", FAILED)


def fail(message: str, code: int) -> NoReturn:
    """Ends the program with one line on stderr."""
    click.echo(f"{PROGRAM}: {' '.join(message.split())}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
