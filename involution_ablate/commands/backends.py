"""`backends`."""

import click


@click.command()
def backends() -> None:
    """List the backends of the operator, preferred first, and whether each runs here."""
    from involution_core.backends.table import describe_backends

    for name, state in describe_backends():
        click.echo(f"{name:8} {state}")
