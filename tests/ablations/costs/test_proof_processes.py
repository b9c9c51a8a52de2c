import pickle

import pytest

from ablations.costs.operators.uncounted import UncountedOperator
from ablations.costs.proof_rows import Row, by_network, prove_rows
from ablations.costs.proof_suite import prove_side_by_side
from ablations.costs.published import EnvelopePoint
from ablations.study.variants import Variant
from involution_core.networks.architectures import ARCHITECTURES

SMALL = ARCHITECTURES["rednet-small"]
ROWS = [
    Row("a", "3", SMALL, Variant(kernel_size=3)),
    Row("a", "5", SMALL, Variant(kernel_size=5)),
    Row("b", "again", SMALL, Variant(kernel_size=3), point=EnvelopePoint(1.0, 1.0, 50.0)),
]


def test_processes_prove_what_one_does():
    groups = by_network(ROWS)
    here = list(prove_side_by_side(groups, 1))
    assert list(prove_side_by_side(groups, 2)) == here
    assert [[proof.name for proof in proofs] for proofs in here] == [["3", "again"], ["5"]]


def test_rows_of_one_network_share_its_count_and_nothing_else():
    own, again = prove_rows([ROWS[0], ROWS[2]])
    assert (own.study, own.name, own.published, own.verified) == ("a", "3", None, True)
    assert (again.study, again.name, again.convention) == ("b", "again", "envelope")
    assert again.layers == own.layers and again.params == own.params
    assert [mismatch.term for mismatch in again.mismatches] == [
        "#Params (M)",
        "FLOPs (G), envelope convention",
    ]


def test_an_uncounted_operator_in_another_process_is_told_here():
    error = UncountedOperator({"aten::renorm", "aten::special"})
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
    assert "aten::renorm, aten::special" in str(error)


@pytest.mark.parametrize("variant", [Variant(), Variant(generator="attention")])
def test_what_is_left_out_on_the_meta_device_changes_no_count(variant):
    import torch

    from ablations.costs.prover import ShapedBatchNorm, Unfilled
    from ablations.costs.torch_counter import second_count
    from ablations.networks.builders import build

    plain = build(SMALL, variant, 10)
    with torch.device("meta"), Unfilled():
        bare = build(SMALL, variant, 10)
    with ShapedBatchNorm():
        counted = second_count(bare, 32)
    assert counted == second_count(plain, 32)
    assert counted.by_module[""]["batch_norm"] > 0
