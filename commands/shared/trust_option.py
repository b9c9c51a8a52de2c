"""The option that runs code of somebody else."""

import click

trust_option = click.option(
    "--trust-code",
    is_flag=True,
    help="Run the module:object that the file names although it is not the code that ran there. "
    "Example: --trust-code",
)
