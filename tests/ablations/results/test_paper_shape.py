import pytest
from finished import make_run, run_of

from ablations.results.results import results_of
from ablations.study.builder import make_study, parse_study
from reports.words.paper_words import paper_words

WAVE = [0.1, -0.1, 0.2, -0.2, 0.1, 0.0, 0.15, -0.15]


def shape(study, shifts, margin=None, seeds=8):
    """The shape of a study whose variants lie so far above 60 %; each wavers in its own way."""
    tops = {
        name: [60 + seed + shift + WAVE[(seed * (2 * place + 1)) % 8] for seed in range(seeds)]
        for place, (name, shift) in enumerate(shifts.items())
    }
    (found,) = results_of(make_run("out", study, tops, margin=margin)).studies
    return found.paper_shape


SIZES = {"3": 0.0, "5": 3.0, "7": 6.0, "9": 6.1}


def test_the_order_of_a_table_that_is_met():
    found = shape("kernel-size", {"9": 9.0, "3": 0.0, "7": 6.0, "5": 3.0})
    assert list(found.published.items()) == [("3", 76.9), ("5", 77.4), ("7", 77.7), ("9", 77.8)]
    assert (found.order.tau.mean, found.order.verdict) == (1.0, "agrees")
    assert found.flat is None


@pytest.mark.parametrize(
    ("study", "shifts", "step", "gain"),
    [
        ("kernel-size", SIZES, ("9", "7"), 0.1),
        ("group-channels", dict.fromkeys(["1", "4", "16", "C"], 0.0), ("4", "16"), 0.0),
        ("group-channels", dict.fromkeys(["1", "4", "C"], 0.0), ("1", "4"), 0.2),
        ("kernel-generator", dict.fromkeys(["W", "r=1", "r=4", "r=16"], 0.0), ("r=1", "W"), 0.0),
    ],
)
def test_the_flat_step_of_each_table_is_between_neighbours_in_cost(study, shifts, step, gain):
    flat = shape(study, shifts, margin=1.0).flat
    assert (flat.contrast.name, flat.contrast.baseline) == step and flat.gain == gain
    assert flat.contrast.comparisons == 1 and flat.contrast.margin_verdict == "equivalent"
    assert flat.contrast.within.equivalent_p == 2 / 2**9


def test_steps_beyond_the_margin_are_no_saturation():
    assert shape("kernel-size", SIZES, margin=0.05).flat is None
    without_nine = {name: SIZES[name] for name in ("3", "5", "7")}
    assert shape("kernel-size", without_nine, margin=0.2).flat is None
    assert shape("kernel-size", without_nine, margin=0.3).flat.gain == 0.3


def test_what_is_no_table_of_the_paper_has_no_shape():
    assert shape("kernel-size", {"3": 0.0, "7": 1.0}) is None, "an order of two is the verdict's"
    assert shape("kernel-size", {"3": 0.0, "7": 1.0, "11": 2.0}) is None
    made = make_study(parse_study('name = "s"\naxes.kernel_size = [3, 5, 7]\naxes.lr = [0.1, 0.2]'))
    run = run_of("out", made, {name: [60.0, 61.0] for name in made.variants})
    assert results_of(run).studies[0].paper_shape is None
    made = make_study(parse_study('name = "s"\naxes.lr = [0.1, 0.2, 0.3]'))
    run = run_of("out", made, {name: [60.0, 61.0] for name in made.variants})
    assert results_of(run).studies[0].paper_shape is None


def test_a_variant_that_finished_nothing_is_left_out():
    tops = {name: [60 + shift, 61 + shift] for name, shift in SIZES.items()}
    (found,) = results_of(make_run("out", "kernel-size", tops | {"5": [None, None]})).studies
    assert list(found.paper_shape.published) == ["3", "7", "9"]
    (found,) = results_of(
        make_run("out", "kernel-size", tops | {"5": [None, None], "3": [None, None]})
    ).studies
    assert found.paper_shape is None


def words(study, shifts, **options):
    return paper_words(shape(study, shifts, **options), lambda name: f"K={name}")


ORDER = "The paper’s order by Top-1, K=3 (76.9) < K=5 (77.4) < K=7 (77.7) < K=9 (77.8): "


def test_words_of_the_order():
    (agrees,) = words("kernel-size", SIZES | {"9": 9.0})
    assert agrees == (
        f"{ORDER}the order here agrees with it more than chance would, mean Kendall’s τ-b 1.00, "
        "over 8 seeds and 4 variants, p = 0.0078."
    )
    (against,) = words("kernel-size", {name: -shift for name, shift in SIZES.items()})
    assert "the order here runs against it, mean Kendall’s τ-b −" in against
    (cannot,) = words("kernel-size", dict.fromkeys(SIZES, 0.0))
    assert f"{ORDER}inconclusive whether the order here agrees, mean Kendall’s τ-b" in cannot
    (few,) = words("kernel-size", SIZES, seeds=3)
    assert (
        "inconclusive whether the order here agrees (3 seeds; at least 6 are needed), mean" in few
    )
    (tied,) = words("group-channels", {"1": 3.0, "4": 2.0, "16": 2.0, "C": 0.0})
    assert " < K=4 (77.7) = K=16 (77.7) < K=1 (77.9): " in tied
    assert " of at most 0.91, as the paper has ties, over 8 seeds" in tied


@pytest.mark.parametrize(
    ("nine", "seeds", "margin", "expected"),
    [
        (6.1, 8, 0.5, "here it does, too, the two are equivalent within 0.5 points (p = 0.0039); "
         "K=9 differs by +0.1 ± "),
        (9.0, 8, 0.5, "here the two differ, the latter is better (p = 0.0078); K=9 differs by "
         "+3.0 ± "),
        (6.05, 8, 0.1, "inconclusive whether it does here, the two are not shown to be equivalent "
         "within 0.1 points; K=9 differs by +0."),
        (6.1, 4, 0.5, "inconclusive whether it does here (4 seeds; at least 5 are needed); K=9 "
         "differs by "),
    ],
)  # fmt: skip
def test_words_of_saturation(nine, seeds, margin, expected):
    _, saturation = words("kernel-size", SIZES | {"9": nine}, margin=margin, seeds=seeds)
    lead = "The paper saturates from K=7 to K=9 (+0.1 points for more parameters): "
    assert saturation.startswith(lead + expected)


def test_without_a_flat_step_the_words_say_so():
    _, saturation = words("kernel-size", SIZES, margin=0.05)
    assert saturation.startswith("No step of the paper’s Top-1 between neighbours in cost stays")
    assert paper_words(None, str) == []
