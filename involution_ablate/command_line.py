"""The command line: all commands, and how errors end the program."""

import sys
from importlib.metadata import version

import click

from ablations.errors import SettingError
from involution_ablate.commands.backends import backends
from involution_ablate.commands.compare import compare
from involution_ablate.commands.evaluate import evaluate
from involution_ablate.commands.merge import merge
from involution_ablate.commands.plan import plan
from involution_ablate.commands.report import report
from involution_ablate.commands.shared.options import debug_option, no_train_option, open_option
from involution_ablate.commands.shared.program import BAD_INPUT, FAILED, INTERRUPTED, PROGRAM, fail
from involution_ablate.commands.shared.run_studies import run_studies
from involution_ablate.commands.shared.screens import screens
from involution_ablate.commands.status import status
from involution_ablate.commands.studies import study_commands
from involution_ablate.commands.verify import verify


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(version(PROGRAM), prog_name=PROGRAM)
def cli() -> None:
    """Ablation studies of involution (CVPR 2021): verified costs, short trainings, one report."""


for command in (
    *study_commands(run_studies, [no_train_option, open_option, debug_option]),
    *(plan, verify, status, report, merge, compare, evaluate, backends),
):
    cli.add_command(command)


def main() -> None:
    """Run the command line; every error is one line on stderr."""
    with screens():
        _run()


def _run() -> None:
    try:
        sys.exit(cli.main(sys.argv[1:] or ["--help"], prog_name=PROGRAM, standalone_mode=False))
    except SettingError as error:
        told = str(error) if error.setting.isupper() else f"--{error}"
        fail(told, BAD_INPUT, error.listed)
    except click.ClickException as error:
        fail(error.format_message(), error.exit_code)
    except click.Abort:
        fail("interrupted", INTERRUPTED)
    except OSError as error:
        fail(f"{error.filename or 'file'}: {error.strerror or error}", FAILED)
