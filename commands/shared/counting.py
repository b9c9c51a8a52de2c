"""What is said of the counters before they count."""

import click


def tell_missing_counter() -> None:
    """One line where fvcore cannot be imported."""
    from ablations.costs.counters import FVCORE_PROBLEM

    if FVCORE_PROBLEM is not None:
        told = f"fvcore cannot be imported: {FVCORE_PROBLEM}; PyTorch's counter alone counts"
        click.echo(told, err=True)
