"""The command line."""

import sys
from importlib.metadata import version

import click

from ablations.errors import SettingError
from commands.evaluation import evaluate
from commands.planning import plan
from commands.program import BAD_INPUT, FAILED, INTERRUPTED, PROGRAM, fail
from commands.proof import verify
from commands.reporting import compare, report
from commands.studies import STUDY_COMMANDS


@click.group(context_settings={"help_option_names": ["-h", "--help"], "show_default": True})
@click.version_option(version(PROGRAM), prog_name=PROGRAM)
def cli() -> None:
    """The ablations of involution (CVPR 2021): costs proven, short runs trained, one report."""


@cli.command()
def backends() -> None:
    """Print the implementations of the operator, preferred first, and whether each runs here."""
    from involution_core.backends.table import describe_backends

    for name, state in describe_backends():
        click.echo(f"{name:8} {state}")


for command in (*STUDY_COMMANDS, plan, verify, report, compare, evaluate):
    cli.add_command(command)


def main() -> None:
    """Entry point: every error is one line on stderr."""
    try:
        sys.exit(cli.main(sys.argv[1:] or ["--help"], prog_name=PROGRAM, standalone_mode=False))
    except SettingError as error:
        fail(str(error) if error.setting.isupper() else f"--{error}", BAD_INPUT)
    except click.ClickException as error:
        fail(error.format_message(), error.exit_code)
    except click.Abort:
        fail("interrupted", INTERRUPTED)
    except OSError as error:
        fail(f"{error.filename or 'file'}: {error.strerror or error}", FAILED)


if __name__ == "__main__":
    main()
