from dataclasses import replace

import pytest
from tuned import TOPS, TRIED, TUNED, tuned_run

from ablations.records.files import sealed
from ablations.records.run_file import dump_run, load_run, parse_run, save_run
from ablations.results.results import results_of
from reports.page.html_pages import render_comparison, render_report
from reports.page.report_files import remove_tables, write_report
from reports.page.run_comparison import compare_runs
from reports.page.sections import build_sections

MORE = TUNED.replace("seeds = 2", 'decayed = ["all", "weights"]\nseeds = 2')


@pytest.fixture(scope="module")
def finished():
    return tuned_run("out")


def section_of(run):
    (section,) = build_sections(results_of(run))
    return section


@pytest.fixture(scope="module")
def section(finished):
    return section_of(finished)


def page_of(run):
    return render_report(results_of(run), build_sections(results_of(run)))


def cells(table):
    return [[cell.text for cell in row.cells] for row in table.rows]


def test_a_tuned_run_comes_back_whole_and_renders_the_same(finished, tmp_path):
    run = replace(finished, settings=replace(finished.settings, output=tmp_path))
    save_run(run)
    assert load_run(tmp_path, "a") == run
    page = write_report(results_of(run), tmp_path)
    assert load_run(page, "a") == run
    before = page.read_bytes()
    write_report(results_of(load_run(page, "a")), tmp_path)
    assert page.read_bytes() == before
    names = {path.stem for path in (tmp_path / "tables").iterdir()}
    assert names == {"tuned", "tuned-tuning", "tuned-tuning-candidates", "tuned-one-level"}
    remove_tables(tmp_path)
    assert list((tmp_path / "tables").iterdir()) == []


def test_a_tuning_trial_stands_there_once(finished):
    twice = dump_run(replace(finished, tuning=[*finished.tuning, *finished.tuning]))
    with pytest.raises(ValueError, match="a trial is listed twice"):
        parse_run(twice)


def test_a_run_that_says_nothing_of_a_tuning_has_none(finished):
    untuned = dump_run(replace(finished, tuning=[]))
    untuned.pop("tuning")
    assert parse_run(sealed(untuned)).tuning == []


def test_sentences_say_what_was_chosen_and_what_the_same_for_all_would_have_said(section):
    assert section.words[:2] == [
        "Each variant was trained with its own learning rate, chosen on the validation split over "
        "2 seeds that the study does not use (see Tuning): learning rate 0.3: 3 × 3; learning rate "
        "0.1: 5 × 5, 7 × 7.",
        "At the edge of the grid: 3 × 3 chose learning rate 0.3, the highest that was offered; a "
        "better one may lie beyond.",
    ]
    assert section.tuning.warnings == section.words[1:2]
    assert section.tuning.words == [
        "Untuned, with learning rate 0.1 for all variants (the best on average), the differences "
        "to 7 × 7 on the validation split, over the tuning’s 2 seeds, are: 3 × 3 −8.0 points (each "
        "with its own choice: +2.5 points); 5 × 5 −3.0 points (each with its own choice: −3.0 "
        "points).",
        "Whether 3 × 3 or 5 × 5 is ahead of 7 × 7 depends on the learning rate that all are "
        "trained with: among the candidates the difference has either sign. Over so few seeds that "
        "may be chance.",
    ]
    assert section.tuning.cost == (
        "The tuning took 18 trials (3 variants × 3 candidates × 2 seeds) and 18 s of training and "
        "testing, trial by trial; 1 of them failed; the study itself 18 trials and 18 s."
    )


def test_where_no_candidate_turns_a_sign_it_is_said():
    tried = TRIED | {"3": [[1.0, 2.0]] * 3, "5": [[2.0, 3.0]] * 3}
    section = section_of(tuned_run("out", tried=tried))
    assert section.tuning.words[1:] == [
        "The sign of every difference to 7 × 7 is the same with each candidate for all variants."
    ]


def test_tables_have_every_choice_and_every_difference(section):
    chosen, one_level, every = (named.table for named in section.tuning.tables)
    assert cells(chosen) == [
        ["3 × 3", "0.3", "61.0 ± 12.7 (2)", "learning rate 0.1", "+10.5 ± 6.4 (2)",
         "learning rate"],
        ["5 × 5", "0.1", "55.5 ± 6.4 (2)", "learning rate 0.01", "+9.5 ± 6.4 (2)", "–"],
        ["7 × 7", "0.1", "58.5 ± 6.4 (2)", "learning rate 0.01", "+10.0 (2)", "–"],
    ]  # fmt: skip
    assert [row.baseline for row in chosen.rows] == [False, False, True]
    assert chosen.columns[2].group.heading == (
        "Validation: RedNet-small, digits (validation split), 8 epochs, 2 seeds"
    )
    assert [column.heading for column in one_level.columns[1:3]] == [
        "each its own",
        "learning rate 0.1 for all (best on average)",
    ]
    assert cells(one_level)[0][:3] == ["3 × 3", "+2.5 ± 6.4 (2)", "−8.0 (2)"]
    assert cells(every)[3] == ["5 × 5", "0.3", "90.0 (1)", "1", "–"]
    assert [row[-1] for row in cells(every)].count("yes") == 3


def test_tables_are_there_for_programs_too(section):
    chosen, one_level, every = (named.texts["csv"].splitlines() for named in section.tuning.tables)
    assert chosen[1].startswith("3,False,0.3,61.0,") and chosen[1].endswith(",lr")
    assert one_level[0].startswith("variant,baseline,own_pairs,own_difference,")
    assert "lr_0.01_difference" in one_level[0]
    assert every[1].startswith("3,False,0.3,True,61.0,")
    header, first = (line.split(",") for line in section.table.texts["csv"].splitlines()[:2])
    assert first[header.index("tuned_lr")] == "0.3"
    for named in section.tuning.tables:
        assert r"\toprule" in named.texts["tex"] and "| ---" in named.texts["md"]


def test_the_page_has_a_section_of_its_own(finished):
    page = page_of(finished)
    assert '<a href="#tuning">' in page and page.count('id="tuned-tuning-title"') == 1
    assert "K=5, 16 group channels, r=4, learning rate 0.3, seed 1000001: loss became nan" in page
    assert "each variant has its own" in page and "partly by chance" in page
    untuned = page_of(replace(finished, studies=[replace(finished.studies[0], tune=None)]))
    assert 'id="tuning"' not in untuned and "partly by chance" not in untuned


def test_what_could_choose_nothing_is_told_and_nothing_else_is_lost():
    tried = TRIED | {"5": [[None, None]] * 3}
    tops = {name: TOPS[name] for name in ("3", "7")}
    section = section_of(tuned_run("out", tried=tried, tops=tops))
    assert section.words[0].endswith(
        " All tuning trials of 5 × 5 failed, so nothing was chosen or trained there."
    )
    assert "5 × 5: not trained, all trials of its tuning failed." in section.gaps
    assert cells(section.tuning.tables[0].table)[1] == ["5 × 5", *["–"] * 5]


def test_several_settings_are_small_multiples():
    tried = {name: [found[0], found[1]] * 3 for name, found in TRIED.items()}
    section = section_of(tuned_run("out", MORE, tried))
    figure = section.tuning.figure
    assert figure.wide and "decay of all" in figure.svg and "decay of weights" in figure.svg
    headings = [column.heading for column in section.tuning.tables[0].table.columns[1:3]]
    assert headings == ["Learning rate", "Decayed parameters"]


def test_a_comparison_names_what_was_tuned_and_still_pairs_the_variants(finished):
    plain = tuned_run("out", TUNED.split("[tune]")[0] + "[tune]\nlr = [0.1, 1]\nseeds = 1\n",
                      {name: [[50.0], [40.0]] for name in TRIED})  # fmt: skip
    found = compare_runs(results_of(finished), results_of(plain))
    told = {difference.name: (difference.first, difference.second) for difference in found.settings}
    assert told["tuned in tuned"] == (
        "learning rate 0.3, 0.01, 0.1 over 2 seeds",
        "learning rate 0.1, 1.0 over 1 seed",
    )
    assert told["chosen in tuned"][1] == "learning rate 0.1: 3 × 3, 5 × 5, 7 × 7"
    assert "lr" in found.same and found.only == []
    assert len(found.accuracy.items) == 3
    assert "chosen in tuned" in render_comparison(found, ("a", "b"))
