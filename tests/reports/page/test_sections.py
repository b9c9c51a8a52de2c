"""Studies of several axes in the report, with numbers that the test knows."""

from dataclasses import replace

import pytest
from finished import envelope_run, run_of, spread_around

from ablations.records.run_file import load_run, save_run
from ablations.results.results import results_of
from ablations.study.builder import make_study, parse_study
from reports.page.html_pages import render_report
from reports.page.report_files import remove_tables, write_report
from reports.page.sections import build_sections


def sections_of(run):
    return build_sections(results_of(run))


def page_of(run):
    return render_report(results_of(run), sections_of(run))


def shown(table, name, heading):
    """What a table shows in the row that its first column calls so, under a heading."""
    place = [column.heading for column in table.columns].index(heading)
    (row,) = [row for row in table.rows if row.cells[0].text == name]
    return row.cells[place].text


CROSSED = """\
name = "window-by-form"
title = "Does <the window> matter more to one form?"
# a remark that has to stay
[axes]
kernel_size = [3, 7]
generator = ["W", "r=4"]
"""


@pytest.fixture
def crossed():
    study = make_study(parse_study(CROSSED), CROSSED)
    levels = {
        "3, W": spread_around(45, 1),
        "3, r=4": spread_around(40, 3),
        "7, W": spread_around(50, 5),
        "7, r=4": spread_around(60, 7),
    }
    return run_of("out", study, levels)


@pytest.fixture
def envelope():
    return envelope_run("out")


def test_each_axis_has_its_table_and_the_interactions_theirs(crossed):
    (section,) = sections_of(crossed)
    assert [named.name for named in section.tables] == [
        "window-by-form",
        "window-by-form-by-kernel_size",
        "window-by-form-by-generator",
        "window-by-form-interactions",
    ]
    assert section.table.table.columns[0].heading == "Kernel Size, Function Form"
    cells = [row.cells[0].text for row in section.table.table.rows]
    assert cells == ["3 × 3 · W", "3 × 3 · W₁σ(W₀), r = 4", "7 × 7 · W", "7 × 7 · W₁σ(W₀), r = 4"]
    _, sizes, forms, together = (named.table for named in section.tables)
    assert sizes.title == "Kernel size, averaged over generator"
    assert shown(sizes, "3 × 3", "Top-1 − 7 × 7 (points), ± 95 % (pairs)").startswith("−12.")
    against = "Top-1 − W₁σ(W₀), r = 4 (points), ± 95 % (pairs)"
    assert shown(forms, "W", against).startswith("−2.")
    (row,) = together.rows
    assert row.cells[0].text == "3 × 3 with W" and row.cells[1].text == "+14.8 ± 0.5 (8)"
    assert section.table.texts["csv"].startswith("variant,kernel_size,generator,params,")


def test_sentences_say_what_axes_do_and_that_they_interact(crossed):
    words = sections_of(crossed)[0].words
    size, form, together, front, *dominated = words
    assert size.startswith("Kernel size, averaged over generator, against 7 × 7, in Top-1: 3 × 3")
    assert "worse (p = 0.0078)" in size
    assert form.startswith("Generator, averaged over kernel size")
    assert "3 × 3 with W differs from the sum by +14.8 ± 0.5" in together
    assert "by rising MACs: 3 × 3 · W (" in front
    assert any("3 × 3 · W₁σ(W₀), r = 4 is dominated: 3 × 3 · W" in line for line in dominated)


def test_a_study_of_one_axis_has_no_averages():
    study = make_study(parse_study('name = "k"\naxes.kernel_size = [3, 7]'))
    (section,) = sections_of(
        run_of("out", study, {"3": spread_around(40, 1), "7": spread_around(50, 3)})
    )
    assert [named.name for named in section.tables] == ["k"]
    assert section.words[0].startswith("Pareto front of MACs and mean Top-1 of the trained")


def test_the_page_shows_the_file_as_it_was_written_and_keeps_it(crossed, tmp_path):
    page = page_of(crossed)
    assert "# a remark that has to stay\n[axes]\nkernel_size = [3, 7]\n" in page
    assert "Does &lt;the window&gt; matter" in page and "<the window>" not in page
    kept = load_run(write_report(results_of(crossed), tmp_path), "FILE")
    assert kept.studies[0].source == CROSSED and kept == crossed


def test_the_envelope_stands_beside_the_read_off_figures(envelope):
    (section,) = sections_of(envelope)
    table = section.table.table
    groups = [group.heading for group, _ in table.groups if group]
    assert "Published, read off figures: ImageNet, 224×224" in groups
    assert shown(table, "RedNet · 26", "Top-1 (%)") == "75.9"
    assert shown(table, "RedNet · 26", "FLOPs (G), figures’ convention") == "1.71"
    page = page_of(envelope)
    assert "Figures’ convention" in page and "none: ResNet’s convolution" in page
    assert "published-envelopes-title" in page
    wide = [figure.wide for figure in section.figures]
    assert wide == sorted(wide, reverse=True) and sum(wide) == 2


def test_tables_of_averages_go_with_their_study(crossed, tmp_path):
    run = run_of(
        tmp_path, crossed.studies[0], {name: [50.0] for name in crossed.studies[0].variants}
    )
    save_run(run)
    write_report(results_of(run), tmp_path)
    assert len(list((tmp_path / "tables").iterdir())) == 4 * 3
    (tmp_path / "tables" / "window-by-form-mine.csv").write_text("kept")
    remove_tables(tmp_path)
    assert [path.name for path in (tmp_path / "tables").iterdir()] == ["window-by-form-mine.csv"]


def test_levels_are_named_once_where_axes_of_training_interact():
    text = 'name = "t"\naxes.lr = [0.1, 0.02]\naxes.batch_size = [32, 16]'
    study = make_study(parse_study(text))
    found = {name: spread_around(50, place) for place, name in enumerate(study.variants)}
    (section,) = sections_of(run_of("out", study, found))
    (row,) = section.further[-1].table.rows
    assert row.cells[0].text == "learning rate 0.02 with batches of 16"
    assert section.words[0].startswith("Learning rate, averaged over batch size, against learning")


def test_the_front_is_one_of_macs_as_trained(crossed):
    records = [
        replace(record, costs=replace(record.costs, params=10**9 - record.costs.params))
        for record in crossed.records
    ]
    turned = replace(crossed, records=records)
    assert sections_of(turned)[0].words == sections_of(crossed)[0].words


def test_nothing_is_better_than_what_was_judged_on_other_images():
    text = 'name = "d"\naxes.dataset = ["digits", "imagefolder:pets"]\naxes.kernel_size = [3, 7]'
    study = make_study(parse_study(text))
    assert study.same_images == ["digits, 3", "digits, 7"]
    tops = [spread_around(10, 1), spread_around(20, 2), spread_around(70, 3), spread_around(90, 4)]
    found = dict(zip(study.variants, tops, strict=True))
    (section,) = sections_of(run_of("out", study, found, dataset="digits"))
    told = " ".join((section.verdict.headline, *section.verdict.lines, *section.words))
    assert section.verdict.headline == "In Top-1, against digits · 7 × 7: digits · 3 × 3 is worse."
    assert told.count("judged on another data set and not compared") == 2
    assert "is better" not in told
    assert [named.name for named in section.tables] == ["d", "d-by-kernel_size", "d-interactions"]
    assert sum("which is judged on another data set" in gap for gap in section.gaps) == 2
    assert "2 data sets" in section.table.table.columns[-2].group.details


def test_variants_with_names_alike_keep_their_bars():
    study = make_study(parse_study('name = "d"\naxes.dataset = ["digits", "imagefolder:a, (b)"]'))
    found = {name: [50.0, 51.0] for name in study.variants}
    (section,) = sections_of(run_of("out", study, found, dataset="digits"))
    bars = next(f.svg for f in section.figures if "by term" in f.caption)
    assert "imagefolder:a, (b), rest" in bars and "digits, rest" in bars
