import pytest

from ablations.statistics.design import Design


def test_levels_stand_in_order_of_appearance():
    design = Design(
        ("size", "form"),
        {"7, W": ("7", "W"), "3, W": ("3", "W"), "7, r=4": ("7", "r=4"), "3, r=4": ("3", "r=4")},
        "3, r=4",
    )
    assert design.levels_of("size") == ["7", "3"] and design.levels_of("form") == ["W", "r=4"]
    assert design.baseline_of("size") == "3" and design.baseline_of("form") == "r=4"
    assert design.crossed and design.cells({"form": "W"}) == ["7, W", "3, W"]
    assert design.cells({"form": "W", "size": "3"}) == ["3, W"]


def test_crossed_is_every_combination_once_on_two_axes_that_vary():
    axes = ("size", "form")
    whole = {"a": ("3", "W"), "b": ("7", "W"), "c": ("3", "r=4"), "d": ("7", "r=4")}
    assert Design(axes, whole, "a").crossed
    missing = {name: levels for name, levels in whole.items() if name != "d"}
    assert not Design(axes, missing, "a").crossed
    assert not Design(axes, whole | {"e": ("7", "W")}, "a").crossed, "one cell stands there twice"
    assert not Design(axes, missing | {"d": ("7", "W")}, "a").crossed
    one = Design(axes, {"a": ("3", "W"), "b": ("7", "W")}, "a")
    assert one.varied == ("size",) and not one.crossed
    single = Design(("size",), {"3": ("3",), "7": ("7",)}, "3")
    assert single.varied == ("size",) and not single.crossed
    beside = {name: (*levels, "26") for name, levels in whole.items()}
    assert Design((*axes, "depth"), beside, "a").crossed, "an axis of one level changes nothing"


@pytest.mark.parametrize(
    ("axes", "levels", "baseline", "problem"),
    [
        (("size", "size"), {"3, 3": ("3", "3")}, "3, 3", "named twice: size, size"),
        (("size", "form"), {"3": ("3",)}, "3", "3 has 1 levels on 2 axes"),
        (("size",), {"3": ("3",)}, "7", "the baseline 7 is none of the variants: 3"),
    ],
)
def test_nonsense_is_refused(axes, levels, baseline, problem):
    with pytest.raises(ValueError, match=problem):
        Design(axes, levels, baseline)
