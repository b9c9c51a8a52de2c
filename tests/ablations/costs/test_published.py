from ablations.costs.published import ENVELOPE_DEPTHS, EnvelopePoint, envelope

FAMILIES = {
    "ResNet": 5,
    "Local Relation Network": 3,
    "Stand-Alone Attention (conv-stem)": 3,
    "Stand-Alone Attention (full)": 3,
    "Axial Attention (conv-stem)": 4,
    "Axial Attention (full)": 3,
    "SAN (pairwise)": 3,
    "SAN (patchwise)": 3,
    "RedNet": 5,
}


def test_nine_families_in_the_order_of_the_file():
    points = envelope()
    assert {family: len(found) for family, found in points.items()} == FAMILIES
    assert list(points) == list(FAMILIES)
    assert points["RedNet"][2] == EnvelopePoint(15.5, 2.7, 78.4)
    assert points["ResNet"][-1] == EnvelopePoint(60.2, 11.58, 79.3)
    assert len(points["ResNet"]) == len(points["RedNet"]) == len(ENVELOPE_DEPTHS)


def test_every_curve_rises():
    for family, points in envelope().items():
        for quantity in ("params_m", "flops_g", "top1_percent"):
            along = [getattr(point, quantity) for point in points]
            assert along == sorted(set(along)), (family, quantity)
