from ablations.statistics.dominance import dominances
from reports.words.front_words import dominance_words

BASE = [60.0, 63.0, 61.0, 64.0, 62.0, 60.5, 61.5, 62.5]
JITTER = [0.1, -0.2, 0.3, -0.1, 0.2, -0.3, 0.4, -0.4]


def words(costs, tops):
    by_seed = {name: dict(enumerate(sample)) for name, sample in tops.items()}
    return dominance_words(dominances(costs, by_seed), lambda name: f"{name} × {name}", "MACs")


def shifted(shift, sign=1):
    return [top + shift + sign * jitter for top, jitter in zip(BASE, JITTER, strict=True)]


def test_dominance_is_said_with_its_figures():
    front, dominated = words(
        {"3": 1, "7": 2, "9": 3}, {"9": BASE, "7": shifted(-4), "3": shifted(-2, -1)}
    )
    assert front == (
        "Pareto front of MACs and mean Top-1 of the trained networks, by rising MACs: 3 × 3 (59.8 "
        "± 1.2 % over 8 seeds), 9 × 9 (61.8 ± 1.1 % over 8 seeds). These are means; no "
        "test was made."
    )
    assert dominated == (
        "7 × 7 is dominated: 3 × 3, with no more MACs, differs by +2.0 ± 0.5 points over 8 seeds: "
        "better (adjusted p = 0.023)."
    )


def test_every_dominator_is_named():
    *_, last = words({"3": 1, "7": 1, "9": 1}, {"3": shifted(4), "7": shifted(2, -1), "9": BASE})
    assert last.startswith("9 × 9 is dominated: 3 × 3, with no more MACs, differs by +4.0")
    assert "; 7 × 7, with no more MACs, differs by +2.0" in last


def test_off_the_front_is_no_certainty():
    tops = {"3": shifted(0.1), "7": [x - 3 for x in shifted(0, -1)], "9": BASE}
    front, seven, nine = words({"3": 1, "7": 2, "9": 3}, tops)
    assert ": 3 × 3 (61.9 ± 1.1 % over 8 seeds). These" in front
    assert seven.startswith("7 × 7 is dominated: 3 × 3, ")
    # Of 3 and 7, which both cost less, 3 has the higher mean.
    assert nine == (
        "9 × 9 is off the front; whether it is dominated is inconclusive: 3 × 3, with no more "
        "MACs, differs by +0.1 ± 0.2 points over 8 seeds: inconclusive with 8 seeds (the interval "
        "includes zero)."
    )


def test_too_few_seeds_say_how_many_are_needed():
    tops = {"3": shifted(9)[:3], "7": shifted(4, -1)[:3], "9": BASE[:3]}
    front, rest = words({"3": 1, "7": 2, "9": 3}, tops)
    assert "by rising MACs: 3 × 3 (" in front
    assert rest == (
        "Whether any variant is dominated is inconclusive: 3 seeds; to compare 3 pairs of variants "
        "at least 7 are needed."
    )
    *_, rest = words({"3": 1, "7": 2}, {"3": [60.0], "7": [59.0]})
    assert rest.endswith("1 seed; to compare 1 pair of variants at least 6 are needed.")


def test_failed_variants_are_left_out_and_their_rivals_stay():
    tops = {"3": [None] * 8, "7": shifted(3), "9": BASE}
    front, nine = words({"3": 1, "7": 2, "9": 3}, tops)
    assert "3 × 3" not in front + nine
    assert nine.startswith("9 × 9 is dominated: 7 × 7") and "better (p = 0.0078)" in nine


def test_what_is_off_the_front_by_another_seed_is_not_compared_with_it():
    tops = {"5": [None] * 8 + [80.0], "7": shifted(0.1), "9": BASE}
    _, seven, nine = words({"5": 1, "7": 2, "9": 3}, tops)
    for name, sentence in ("7", seven), ("9", nine):
        assert sentence.startswith(f"{name} × {name} is off the front")
        assert "5 × 5, with no more MACs: inconclusive (no seed finished with both)" in sentence


def test_where_no_pair_finished_there_is_nothing_to_say():
    assert words({"3": 1}, {"3": BASE}) == []
    assert words({"3": 1, "7": 2}, {"3": BASE, "7": [None] * 8}) == []
    assert words({}, {}) == []
