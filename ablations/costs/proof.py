"""What a proof of a network's counts holds. No torch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ablations.costs.conventions import CONVENTIONS, FULL, Convention, printed
from ablations.costs.published import Published
from ablations.networks.layers import SpatialLayer
from ablations.study.variants import Variant

PAPER_MODEL = "rednet50"


@dataclass(frozen=True)
class Mismatch:
    """Two numbers that should be one. layer: module name, "" for the whole network."""

    layer: str
    term: str
    expected_by: str
    expected: int | str
    counted_by: str
    counted: int | str

    def __str__(self) -> str:
        where = self.layer or "whole network"
        return (
            f"{where}, {self.term}: {self.expected_by} {self.expected}, "
            f"{self.counted_by} {self.counted}"
        )


@dataclass(frozen=True)
class LayerProof:
    """One spatial layer: its terms by the closed form and as counted.

    Operations are for one image; see `formulas.operations` for the units.
    """

    layer: SpatialLayer
    formula_params: Mapping[str, int]
    counted_params: Mapping[str, int]
    formula_operations: Mapping[str, int]
    counted_operations: Mapping[str, int]


@dataclass(frozen=True)
class Proof:
    """The counts of one network, by closed form and by counters, and where they differ.

    The network is a variant of a study, a model of the zoo, or a point of the accuracy-cost
    figures, where `published` is what can be read off them.

    Attributes:
        study: Name of the study.
        name: Name of the variant or model.
        model: Name of the architecture.
        variant: Without a meaning, as stem_kernel_size, where the network is a ResNet.
        stem_kernel_size: Kernel size of the stem's involution, pixels.
        image_size: Side of the square input, pixels; HxW of an oblong one.
        counters: Who counted: fvcore and torch's FlopCounterMode, or this one alone where fvcore
            cannot be imported. "Counted" below is by the first of them.
        params: Parameters of the whole network.
        operations: Counted operations of the whole network for one image.
        closed_form_params: Parameters of the spatial layers by closed form.
        closed_form_macs: MACs of the spatial layers by closed form, by term.
        counted_macs: Counted MACs of the spatial layers, by term.
        torch_macs: MACs by torch's counter, which merges the linear maps of a layer and so gives
            them by operator (`prover.TORCH_OPERATORS`).
        layers: Every spatial layer.
        convention: The name in `conventions.CONVENTIONS` that the published FLOPs meet; like
            `published`, None where nothing is published for this network.
        published: The figures as printed.
        mismatches: Every two numbers that should be one; empty where the proof holds.
    """

    study: str
    name: str
    model: str
    variant: Variant
    stem_kernel_size: int
    image_size: int | str
    counters: tuple[str, ...]
    params: int
    operations: Mapping[str, int]
    closed_form_params: int
    closed_form_macs: Mapping[str, int]
    counted_macs: Mapping[str, int]
    torch_macs: Mapping[str, int]
    layers: tuple[LayerProof, ...]
    convention: str | None
    published: Published | None
    mismatches: tuple[Mismatch, ...]

    @property
    def verified(self) -> bool:
        return not self.mismatches

    @property
    def as_published(self) -> tuple[str, str] | None:
        """Counted #Params (M) and FLOPs (G) with the published row's digits and convention."""
        if self.published is None or self.convention is None:
            return None
        convention = CONVENTIONS[self.convention]
        digits = len(self.published.params_m.partition(".")[2])
        flops = convention.printed(convention.count(self.operations))
        return printed(self.params, 10**6, digits), flops

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the whole network, the aggregation included."""
        return FULL.count(self.operations)


def differing_from(proofs: Sequence[Proof]) -> str:
    """What the counts of `proofs` do not equal: of a user's family, which has no closed form, the
    other counter's."""
    found = [mismatch for proof in proofs for mismatch in proof.mismatches]
    named = {
        "closed form": "the closed form",
        "published": "the published figures",
        "read off the figure": "the published figures",
    }
    words = dict.fromkeys(named[by] for by in named if by in {m.expected_by for m in found})
    others = {m.counted_by for m in found if m.expected_by not in named}
    return " and ".join(words or [f"{other}'s" for other in sorted(others)])


def published_in(proofs: Sequence[Proof]) -> Convention | None:
    """The convention of the figures published for `proofs`; None where nothing is published."""
    names = [proof.convention for proof in proofs if proof.convention is not None]
    return CONVENTIONS[names[0]] if names else None
