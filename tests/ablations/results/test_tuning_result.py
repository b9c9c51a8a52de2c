from dataclasses import replace

import pytest
from tuned import TOPS, TRIED, TUNED, tuned_run, tuning_of

from ablations.results.results import results_of
from ablations.results.tuning_result import trained_variants, tuning_result
from ablations.study.builder import make_study, parse_study


def test_each_variant_chooses_by_its_own_mean_and_what_failed_loses():
    result = results_of(tuned_run("out")).studies[0]
    assert result.tuning.chosen == {
        "3": (("lr", 0.3),),
        "5": (("lr", 0.1),),
        "7": (("lr", 0.1),),
    }
    assert [dict(v.variant.training) for v in result.variants] == [
        {"lr": 0.3},
        {"lr": 0.1},
        {"lr": 0.1},
    ]
    assert [v.top1_by_seed for v in result.variants] == [
        dict(enumerate(TOPS[name])) for name in ("3", "5", "7")
    ]


def test_how_far_a_choice_is_ahead_is_paired_by_seed():
    tuning = tuning_of()
    assert tuning["3"].runner_up.levels == (("lr", 0.1),)
    assert (tuning["3"].lead.mean, tuning["3"].lead.n) == (10.5, 2)
    assert tuning["5"].runner_up.levels == (("lr", 0.01),), "one that failed is behind all others"


def test_a_choice_at_the_edge_of_the_grid_is_known_as_one():
    tuning = tuning_of()
    assert [variant.edges for variant in tuning.variants] == [[("lr", 0.3)], [], []]


@pytest.mark.parametrize(
    ("grid", "best", "edges"),
    [
        ("weight_decay = [0, 1e-4, 1e-3]", 0, []),
        ("weight_decay = [1e-5, 1e-4, 1e-3]", 0, [("weight_decay", 1e-5)]),
        ("weight_decay = [1e-3, 1e-5, 1e-4]", 2, []),
        ('decayed = ["all", "weights"]', 1, []),
    ],
)
def test_edges_are_those_of_numbers_and_zero_is_none(grid, best, edges):
    text = f'name = "s"\naxes.kernel_size = [3]\n[tune]\n{grid}\nseeds = 1\n'
    count = len(make_study(parse_study(text)).tune.candidates)
    tried = {"3": [[60.0 if place == best else 50.0] for place in range(count)]}
    assert tuning_of(text, tried)["3"].edges == edges


def test_all_at_one_level_are_compared_on_the_validation_split():
    tuning = tuning_of()
    assert tuning.common == (("lr", 0.1),), "0.3 is better on average, but a trial of it failed"
    by_level = {
        comparison.levels: {k: c.difference.mean for k, c in comparison.contrasts.items()}
        for comparison in tuning.untuned
    }
    assert by_level[("lr", 0.1),] == {"3": -8.0, "5": -3.0}
    assert by_level[("lr", 0.3),] == {"3": 16.0, "5": 46.0}
    assert {k: c.difference.mean for k, c in tuning.own.contrasts.items()} == {"3": 2.5, "5": -3.0}


def test_a_variant_of_which_every_trial_failed_is_not_trained():
    tried = TRIED | {"5": [[None, None]] * 3}
    tops = {name: TOPS[name] for name in ("3", "7")}
    run = tuned_run("out", tried=tried, tops=tops)
    result = results_of(run).studies[0]
    assert result.tuning["5"].chosen is None and result.tuning["5"].lead is None
    assert result.tuning.failed == 6
    assert [v.kernel_size for v in trained_variants(run.studies, run.tuning)] == [3, 7]
    assert result["5"].trials == () and result["3"].top1.n == 6


def test_only_the_seeds_of_the_grid_count():
    run = tuned_run("out")
    further = [replace(record, seed=record.seed + 2, top1=1.0) for record in run.tuning]
    study = run.studies[0]
    assert tuning_result(study, [*run.tuning, *further]) == tuning_result(study, run.tuning)


def test_what_is_not_tuned_has_no_tuning():
    text = TUNED.split("[tune]")[0]
    assert tuning_result(make_study(parse_study(text)), []) is None


def test_trials_as_a_data_frame():
    frame = results_of(tuned_run("out")).tuning()
    assert list(frame.columns) == ["study", "variant", "lr", "seed", "top1", "failure", "chosen"]
    chosen = frame[frame.chosen].groupby("variant").lr.unique()
    assert {name: list(found) for name, found in chosen.items()} == {
        "3": [0.3],
        "5": [0.1],
        "7": [0.1],
    }
    assert len(frame) == 18 and frame.top1.isna().sum() == 1
