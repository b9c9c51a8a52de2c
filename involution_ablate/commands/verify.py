"""`verify`."""

import sys
from pathlib import Path

import click

from ablations.errors import SettingError
from ablations.records.folder import check_writable
from involution_ablate.commands.shared.program import FAILED, fail, warn_missing_counter


@click.command()
@click.option(
    "--json",
    "json_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write every count, layer by layer, to FILE. Example: --json proof.json",
)
def verify(json_file: Path | None) -> None:
    """Verify the counted costs; exit 0 if all agree, else 1.

    Compares closed form, fvcore and PyTorch's counter layer by layer, and the published values.
    """
    if json_file is not None:
        if not json_file.absolute().parent.is_dir() or not json_file.name:
            raise SettingError("json", json_file, f"{json_file.parent} is not a directory")
        check_writable("json", json_file.parent, {json_file.name: False})
    from concurrent.futures.process import BrokenProcessPool
    from dataclasses import asdict

    from ablations.cores import usable_cores
    from ablations.costs.operators.uncounted import UncountedOperator
    from ablations.costs.proof import Proof
    from ablations.costs.proof_suite import prove_all
    from ablations.records.files import write_json
    from reports.screen.proof_table import EXPLANATION, proof_heading, proof_line

    def show(proof: Proof) -> None:
        click.echo(proof_line(proof))
        for mismatch in proof.mismatches:
            click.echo(f"  {mismatch}")

    click.echo(EXPLANATION + "\n\n" + proof_heading())
    try:
        proofs = prove_all(show, usable_cores())
    except UncountedOperator as error:
        click.echo(f"WRONG: {error}")
        sys.exit(FAILED)
    except BrokenProcessPool:
        fail("a counting process died, possibly out of memory", FAILED)
    if len(proofs[0].counters) == 1:  # asking imports torch, which takes seconds
        warn_missing_counter()
    wrong = [proof for proof in proofs if not proof.verified]
    networks = {(p.model, p.variant, p.stem_kernel_size): len(p.layers) for p in proofs}
    if json_file is not None:
        write_json(json_file, [{**asdict(proof), "verified": proof.verified} for proof in proofs])
    if wrong:
        click.echo(f"{len(wrong)} of {len(proofs)} rows disagree")
        sys.exit(FAILED)
    click.echo(
        f"{len(proofs)} rows, {len(networks)} different networks, {sum(networks.values())} "
        "spatial layers: all counts agree; values read off figures agree within the reading error"
    )
