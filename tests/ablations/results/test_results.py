from dataclasses import replace

import pandas as pd
import pytest
from finished import envelope_run, make_run, run_of, spread_around

import ablations
from ablations.costs.conventions import ABLATION
from ablations.errors import SettingError
from ablations.records.run_file import save_run
from ablations.results.results import load_results, results_of
from ablations.statistics.contrasts import contrast_study
from ablations.study.builder import make_study, parse_study
from reports.page.report_files import write_report

TOPS = {"3": [40.0, 50.0], "7": [80.0, None], "5": [None, None]}
"""3 finished both seeds, 7 one, 5 none."""


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path / "out", "kernel-size", TOPS)


@pytest.fixture
def study(run):
    return results_of(run).studies[0]


def test_a_folder_and_a_report_hold_the_same_results(run, tmp_path):
    save_run(run)
    page = write_report(results_of(run), tmp_path / "out")
    assert load_results(tmp_path / "out") == load_results(str(page)) == results_of(run)
    assert ablations.load_results is load_results
    with pytest.raises(SettingError, match="gone: no such file"):
        load_results(tmp_path / "gone")
    with pytest.raises(AttributeError, match="has no attribute 'load_result'"):
        ablations.load_result  # noqa: B018


def test_variants_keep_what_was_counted(study, run):
    three = study["3"]
    assert [variant.name for variant in study.variants] == ["3", "7", "5"]
    assert study.baseline is study["7"] and three.levels == ("3",)
    assert [variant.is_baseline for variant in study.variants] == [False, True, False]
    proof = run.proofs["kernel-size"][0]
    assert (three.params, three.macs) == (proof.params, proof.macs)
    assert three.flops(ABLATION) == ABLATION.count(proof.operations)
    assert sum(three.macs_by_term.values()) == three.macs
    assert three.macs_by_term["rest"] > three.macs_by_term["aggregation"] > 0


def test_statistics_leave_failed_seeds_out(study):
    three, seven, five = study.variants
    assert (three.top1.n, three.top1.mean, three.failed) == (2, 45.0, 0)
    assert three.top1.sd == pytest.approx(50**0.5)
    assert (seven.top1.n, seven.top1.mean, seven.top1.sd, seven.failed) == (1, 80.0, None, 1)
    assert (five.top1.n, five.top1.mean, five.failed) == (0, None, 2)
    assert three.top1_by_seed == {0: 40.0, 1: 50.0} and seven.top1_by_seed == {0: 80.0, 1: None}
    assert (three.trained_params, three.trained_macs) == (70_000, 8_000_000)
    assert five.trained_params == 72_000, "the network is known though no seed finished"


def test_speed_and_memory(study):
    three, _, five = study.variants
    assert three.training_rate.median == pytest.approx(1000)
    assert three.training_rate.quartiles == pytest.approx((1000, 1000))
    assert three.inference_rate.median == pytest.approx(1000) and three.peak_mib == 40
    assert five.training_rate is five.inference_rate is five.peak_mib is None
    assert five.timing_failure == "out of <memory>" and three.timing_failure is None


def test_contrasts_are_those_of_the_study(study):
    tops = {variant.name: variant.top1_by_seed for variant in study.variants}
    assert study.baseline_contrasts == contrast_study(tops, "7")
    assert study["7"].contrast is None and study["3"].contrast.difference.mean == -40


def test_statistics_of_a_study_are_computed_once():
    study = results_of(envelope_run("out")).studies[0]
    assert len(study.marginals) == 4 and len(study.interactions) == 1 and len(study.dominances) == 4
    assert study.marginals is study.marginals and study.dominances is study.dominances
    assert study.interactions is study.interactions
    assert study["resnet, 26"].top1 is study["resnet, 26"].top1
    costs = {found.name: found.cost for found in study.dominances}
    assert costs == {variant.name: variant.trained_macs for variant in study.variants}


def test_what_was_not_trained_has_costs_alone(run):
    untrained = replace(run.settings, train=None)
    costs_only = replace(run, settings=untrained, records=[], timings=[], wanted=0)
    study = results_of(costs_only).studies[0]
    three = study["3"]
    assert not study.trained and study.dominances == []
    assert (three.trained_params, three.trained_macs, three.timing) == (None, None, None)
    assert three.training_rate is three.peak_mib is three.timing_failure is None
    assert three.top1.n == 0 and three.contrast.verdict == "too few seeds"


def test_other_images_are_not_compared():
    text = 'name = "d"\naxes.dataset = ["digits", "imagefolder:pets"]\naxes.kernel_size = [3, 7]'
    made = make_study(parse_study(text))
    found = {name: spread_around(10 * place, place) for place, name in enumerate(made.variants)}
    study = results_of(run_of("out", made, found, dataset="digits")).studies[0]
    assert [contrast.name for contrast in study.baseline_contrasts] == ["digits, 3"]
    assert study["imagefolder:pets, 3"].contrast is None
    assert {marginal.axis for marginal in study.marginals} == {"kernel_size"}
    assert {found.name for found in study.dominances} == {"digits, 3", "digits, 7"}


def test_frames_are_tidy_and_unrounded(run):
    results = results_of(run)
    (study,) = results.studies
    trials = results.accuracy()
    assert trials["variant"].tolist() == ["3", "3", "7", "7", "5", "5"]
    assert trials["top1"].tolist()[:3] == [40.0, 50.0, 80.0]
    assert trials["top1"].isna().tolist() == [False, False, False, True, True, True]
    assert trials["failure"].notna().tolist() == trials["top1"].isna().tolist()
    assert set(trials["study"]) == {"kernel-size"}
    (three, five) = results.contrasts().to_dict("records")
    assert (three["variant"], three["baseline"], three["pairs"]) == ("3", "7", 1)
    assert (three["difference"], three["verdict"]) == (-40.0, "too few seeds")
    assert five["pairs"] == 0 and pd.isna(five["difference"])
    costs = results.costs().set_index("variant")
    assert costs.loc["3", "params"] == study["3"].params == 14_745_446
    assert costs.loc["3", "macs"] == study["3"].macs and costs["verified"].all()
    for mine, whole in (
        (study.accuracy(), trials),
        (study.contrasts(), results.contrasts()),
        (study.costs(), results.costs()),
    ):
        pd.testing.assert_frame_equal(mine, whole)


def test_frames_of_several_studies_follow_each_other(run):
    other = make_run("out", "group-channels", {"16": [60.0], "4": [61.0]})
    both = replace(
        run,
        studies=[*run.studies, *other.studies],
        proofs={**run.proofs, **other.proofs},
        records=[*run.records, *other.records],
        wanted=run.wanted + other.wanted,
    )
    assert (
        results_of(both).costs()["study"].tolist() == ["kernel-size"] * 3 + ["group-channels"] * 2
    )


def test_notebooks_show_every_study(run):
    title = replace(run.studies[0], title="<i>Kernel</i>")
    shown = results_of(replace(run, studies=[title]))._repr_html_()
    assert "&lt;i&gt;Kernel&lt;/i&gt;" in shown and "<table" in shown
    assert "<td>3</td>" in shown and "too few seeds" in shown
