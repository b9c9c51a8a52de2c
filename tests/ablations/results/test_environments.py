"""Trials of different environments are no pairs, and it is said which they are."""

from dataclasses import replace

import pytest
from finished import make_run

from ablations.records.environments import blocks, differing, identity, origins
from ablations.results.results import results_of
from reports.page.html_pages import render_report
from reports.page.sections import build_sections
from reports.words.origin_words import elsewhere_words, origin_words

TOPS = {"3": [40.0, 50.0, 61.0], "7": [80.0, 70.0, 75.0]}
HERE = {"torch": "2.15.0", "backend": "native", "python": "3.11"}


def elsewhere(run, *places, **changed):
    """The run with these records made somewhere else."""
    records = [
        replace(record, environment=HERE | (changed if place in places else {}))
        for place, record in enumerate(run.records)
    ]
    return replace(run, records=records)


@pytest.fixture
def run(tmp_path):
    return make_run(tmp_path, "kernel-size", TOPS)


def test_one_environment_pairs_by_seed(run):
    results = results_of(elsewhere(run))
    (three, seven) = results.studies[0].variants
    assert three.blocks == seven.blocks == (0, 1, 2)
    assert three.contrast.difference.n == 3
    assert origin_words(results.origins) == []
    assert elsewhere_words(results.origins, HERE) == []


def test_what_decides_no_number_splits_no_pair(run):
    results = results_of(elsewhere(run, 0, python="3.12", fvcore="0.2"))
    assert results.studies[0].variants[0].contrast.difference.n == 3


def test_a_pair_across_environments_is_left_out_and_counted(run):
    results = results_of(elsewhere(run, 0, torch="2.14.0"))
    study = results.studies[0]
    three = study["3"]
    assert three.contrast.difference.n == 2
    assert three.contrast.difference.mean == (50 + 61 - 70 - 75) / 2
    assert study.left_out(three) == 1 and study.left_out(study["7"]) == 0
    assert three.top1.n == 3, "the trial still counts for the mean"
    assert study.dunnett == [] or study.dunnett[0].seeds == 2
    sections = build_sections(results)
    assert any("1 pair with the baseline left out, trained in" in gap for gap in sections[0].gaps)
    page = render_report(results, sections)
    assert "The trials come from 2 environments, which differ in torch." in page
    assert "torch 2.14.0: K=3, 16 group channels, r=4, seed 0." in page
    assert "1 pair with the baseline left out" in page
    assert "the baseline failed" not in page


def test_two_seeds_of_one_other_environment_are_pairs(run):
    results = results_of(elsewhere(run, 0, 1, torch="2.14.0"))
    assert results.studies[0]["3"].contrast.difference.n == 3
    (first, second) = origins(results.run.records)
    assert (len(first.records), len(second.records)) == (4, 2)
    found = blocks(results.run.records)
    assert sorted(found.values()) == [1, 2, 3]
    old = identity(HERE | {"torch": "2.14.0"})
    assert found[0, old] == 3


def test_records_that_do_not_say_are_told_from_those_that_do(run):
    bare = {"torch": "2.15.0"}
    assert differing([HERE, bare]) == ["backend"]
    found = elsewhere_words(origins(elsewhere(run).records), bare)
    assert found == [
        "6 of 6 trials were trained in another environment (backend native; here backend unknown): "
        "6 trials"
    ]
