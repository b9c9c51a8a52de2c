"""What is proven: networks, each beside the published figures that it is held to. No torch."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from ablations.costs.conventions import ENVELOPE
from ablations.costs.proof import Mismatch, Proof
from ablations.costs.published import (
    READ_OFF_FLOPS_G,
    READ_OFF_PARAMS_M,
    EnvelopePoint,
    Published,
)
from ablations.networks.network import Network
from ablations.study.variants import Variant
from involution_core.networks.architectures import STEM_KERNEL_SIZE, Architecture


@dataclass(frozen=True)
class Row:
    """One row of a proof.

    Attributes:
        study: Name of the study.
        name: Name of the variant or model.
        architecture: Architecture of the variant's family.
        variant: The variant.
        stem_kernel_size: Kernel size of the stem's involution, pixels.
        convention: Name of the convention that the published FLOPs follow.
        published: Figures as printed; None if none are printed for this network.
        point: Point read off the accuracy-cost figures; None if the network is not in them.
    """

    study: str
    name: str
    architecture: Architecture
    variant: Variant
    stem_kernel_size: int = STEM_KERNEL_SIZE
    convention: str | None = None
    published: Published | None = None
    point: EnvelopePoint | None = None

    @property
    def network(self) -> tuple[Architecture, Network, int]:
        """The counted network; rows with an equal one share its count."""
        return self.architecture, self.variant.network, self.stem_kernel_size

    def held_to(self, counted: Proof) -> Proof:
        """The proof of this row, from that of its network."""
        proof = replace(counted, study=self.study, name=self.name, variant=self.variant)
        if self.point is not None:
            proof = replace(proof, convention=ENVELOPE.name, published=self.point.row)
            further = _read_off_mismatches(proof, self.point)
        else:
            proof = replace(proof, convention=self.convention, published=self.published)
            further = _published_mismatches(proof)
        return replace(proof, mismatches=(*proof.mismatches, *further))


def by_network(rows: Iterable[Row]) -> list[list[Row]]:
    """The rows of each network, in the order in which networks first occur."""
    groups: dict[tuple[Architecture, Network, int], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.network, []).append(row)
    return list(groups.values())


def prove_rows(rows: Sequence[Row]) -> list[Proof]:
    """The proofs of rows that have one network, which is counted once.

    Raises:
        UncountedOperator: Where an operator would be counted as zero.
    """
    from ablations.costs.prover import prove

    first = rows[0]
    counted = prove(
        first.architecture,
        first.variant,
        study=first.study,
        name=first.name,
        stem_kernel_size=first.stem_kernel_size,
    )
    return [row.held_to(counted) for row in rows]


def _published_mismatches(proof: Proof) -> Iterator[Mismatch]:
    published, counted = proof.published, proof.as_published
    if published and counted:
        for quantity, printed_there, printed_here in [
            ("#Params (M)", published.params_m, counted[0]),
            (f"FLOPs (G), {proof.convention} convention", published.flops_g, counted[1]),
        ]:
            if printed_there != printed_here:
                counter = proof.counters[0]
                yield Mismatch("", quantity, "published", printed_there, counter, printed_here)


def _read_off_mismatches(proof: Proof, point: EnvelopePoint) -> Iterator[Mismatch]:
    flops = ENVELOPE.count(proof.operations)
    for quantity, read, error, count, unit in [
        ("#Params (M)", point.params_m, READ_OFF_PARAMS_M, proof.params, 10**6),
        ("FLOPs (G), envelope convention", point.flops_g, READ_OFF_FLOPS_G, flops, 10**9),
    ]:
        if abs(count / unit - read) > error:
            there, here = f"{read} ± {error}", f"{count / unit:.3f}"
            yield Mismatch("", quantity, "read off the figure", there, proof.counters[0], here)
