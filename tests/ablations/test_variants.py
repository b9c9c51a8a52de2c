import pytest

from ablations.errors import SettingError
from ablations.published import ablation
from ablations.variants import STUDIES, Variant, check_variants
from involution_core.architectures import ARCHITECTURES


def test_the_studies_are_the_papers_tables_in_their_order():
    values = [(kind.name, value) for kind in STUDIES.values() for value in kind.paper_values]
    assert values == list(ablation())


def test_values_become_variants():
    assert STUDIES["kernel-size"].study(["3"]).variants == {"3": Variant(3, 16, "r=4")}
    assert STUDIES["group-channels"].study(["C"]).variants == {"C": Variant(7, "C", "r=4")}
    forms = STUDIES["kernel-generator"].study(["W", "attention"])
    assert forms.variants == {"W": Variant(7, 16, "W"), "attention": Variant(7, 16, "attention")}


def test_keys_differ_wherever_variants_do():
    variants = {v for k in STUDIES.values() for v in k.study(k.paper_values).variants.values()}
    assert len({variant.key for variant in variants}) == len(variants) == 10


def test_what_is_proven_beyond_the_papers_values_can_be_asked_for_and_is_no_default():
    kind = STUDIES["kernel-generator"]
    assert kind.further_values == ("attention",)
    assert not set(kind.further_values) & set(kind.paper_values)
    check_variants(kind.study(kind.further_values), [ARCHITECTURES["rednet50"]])


@pytest.mark.parametrize(
    ("study", "values", "message"),
    [
        ("kernel-size", ["4"], "sizes 4: kernel sizes are odd and positive; allowed: 1, 3, 5"),
        ("kernel-size", ["0"], "sizes 0: kernel sizes are odd and positive"),
        ("kernel-size", ["-3"], "sizes -3: kernel sizes are odd and positive"),
        ("kernel-size", ["3.0"], "sizes 3.0: kernel sizes are odd and positive"),
        ("kernel-size", ["33"], "sizes 33: the kernel size is too large"),
        ("kernel-size", ["3", "03"], "sizes 03: given twice"),
        ("kernel-size", [], "sizes .nothing.: give at least one value"),
        ("group-channels", ["0"], "channels 0: allowed: positive integers, and C"),
        ("group-channels", ["all"], "channels all: allowed: positive integers, and C"),
        ("kernel-generator", ["V"], "forms V: unknown form; allowed: W, r=N with N .*, attention"),
        ("kernel-generator", ["attention", "attention"], "forms attention: given twice"),
        ("kernel-generator", ["r=0"], "forms r=0: unknown form"),
    ],
)
def test_values_that_cannot_be(study, values, message):
    with pytest.raises(SettingError, match=message):
        STUDIES[study].study(values)


@pytest.mark.parametrize(
    ("study", "value", "message"),
    [
        ("group-channels", "24", "channels 24: must divide .* rednet-small, rednet50; allowed: 1"),
        ("group-channels", "64", "channels 64: .* allowed: 1, 2, 4, 8, 16, 32, C"),
        ("kernel-generator", "r=3", "forms r=3: r must divide .* allowed: 1, 2, 4, 8, 16, 32"),
    ],
)
def test_values_that_do_not_divide(study, value, message):
    networks = [ARCHITECTURES["rednet50"], ARCHITECTURES["rednet-small"]]
    with pytest.raises(SettingError, match=message):
        check_variants(STUDIES[study].study([value]), networks)
