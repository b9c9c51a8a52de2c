"""The proofs of `verify` as lines of text. No torch."""

from ablations.costs.conventions import ENVELOPE
from ablations.costs.formulas import PROJECTIONS
from ablations.costs.proof import Proof
from ablations.costs.published import READ_OFF_FLOPS_G, READ_OFF_PARAMS_M

_COLUMNS = (
    ("study", 16, "<"),
    ("variant", 10, "<"),
    ("params", 10, ">"),
    ("reduce", 11, ">"),
    ("span", 11, ">"),
    ("q, k, v", 11, ">"),
    ("q·k", 11, ">"),
    ("aggregation", 11, ">"),
    ("convolution", 11, ">"),
    ("rest", 11, ">"),
    ("closed form", 11, ">"),
    ("fvcore", 11, ">"),
    ("torch", 11, ">"),
    ("published (M, G)", 16, ">"),
    ("counted", 11, ">"),
    ("verdict", 7, "<"),
)

EXPLANATION = (
    "MACs for one image. reduce to aggregation: all involution layers, by fvcore (q, k, v: an "
    "attention's three\nprojections, q·k: its product over the windows); convolution: the spatial "
    "ones of a ResNet's bottlenecks; rest:\nthe other convolutions and the classifier. closed form "
    "= fvcore = torch (its FlopCounterMode) is the\nsum of the layers' terms. published, "
    "counted: #Params (M) and FLOPs (G), under the convention of their source\n(ablation: without "
    "the aggregation; model-zoo, envelope: with it). ~: read off a figure that prints no numbers, "
    f"met within\nthe error of reading, {READ_OFF_PARAMS_M} M and {READ_OFF_FLOPS_G} G."
)


def _line(cells: list[str]) -> str:
    return "  ".join(
        f"{cell:{align}{width}}" for cell, (_, width, align) in zip(cells, _COLUMNS, strict=True)
    ).rstrip()


def proof_heading() -> str:
    """The headings above `proof_line`."""
    return _line([heading for heading, _, _ in _COLUMNS])


def proof_line(proof: Proof) -> str:
    """One network; the layers' numbers are in the JSON and in the report."""
    by_term = proof.counted_macs
    about = "~" if proof.convention == ENVELOPE.name else ""
    published = "-"
    if proof.published:
        published = f"{about}{proof.published.params_m} {about}{proof.published.flops_g}"
    counted = " ".join(proof.as_published) if proof.as_published else "-"
    spatial = sum(by_term.values())
    return _line(
        [
            proof.study,
            proof.name,
            str(proof.params),
            str(by_term["reduce"]),
            str(by_term["span"]),
            str(sum(by_term[term] for term in PROJECTIONS)),
            str(by_term["query_key"]),
            str(by_term["aggregation"]),
            str(by_term["convolution"]),
            str(proof.macs - spatial),
            str(sum(proof.closed_form_macs.values())),
            str(spatial) if "fvcore" in proof.counters else "-",
            str(sum(proof.torch_macs.values())),
            published,
            counted,
            "ok" if proof.verified else "WRONG",
        ]
    )
