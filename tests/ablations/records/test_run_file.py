import json
import re
from contextlib import suppress
from dataclasses import replace

import pytest
from finished import make_run

from ablations.costs.prover import prove
from ablations.errors import SettingError
from ablations.records.files import sealed
from ablations.records.run_file import (
    dump_run,
    load_run,
    parse_run,
    save_run,
    set_aside_damaged,
)
from ablations.results.results import results_of
from involution_core.networks.architectures import ARCHITECTURES
from reports.page.report_files import write_report

TOPS = {"3": [40.0, None], "7": [80.0, 70.0]}


@pytest.fixture
def saved(tmp_path):
    run = make_run(tmp_path / "out", "kernel-size", TOPS)
    save_run(run)
    return run


def test_a_run_comes_back_whole(saved, tmp_path):
    assert load_run(tmp_path / "out", "a") == saved
    assert load_run(tmp_path / "out" / "run.json", "a") == saved
    assert load_run(write_report(results_of(saved), tmp_path / "out"), "a") == saved
    assert parse_run(json.loads(json.dumps(dump_run(saved)))) == saved


def test_a_study_stands_there_once(saved):
    twice = replace(saved, studies=[*saved.studies, *saved.studies])
    with pytest.raises(ValueError, match="a study is listed twice"):
        parse_run(json.loads(json.dumps(dump_run(twice))))


def test_layers_of_both_kinds_come_back_as_what_they_were(saved):
    (row, other) = saved.proofs["kernel-size"]
    of_resnet = replace(row.variant, family="resnet")
    resnet = prove(ARCHITECTURES["resnet-small"], of_resnet, study="kernel-size", name=row.name)
    taken = replace(resnet, variant=row.variant)  # else the proof would be of no row
    run = replace(saved, proofs={"kernel-size": [taken, other]})
    assert parse_run(json.loads(json.dumps(dump_run(run)))) == run


def test_what_ends_a_script_element_rides_along(tmp_path):
    words = "</script><!-- \u2028 & <script>"
    run = make_run(tmp_path / "out", "kernel-size", TOPS, failure=words)
    page = write_report(results_of(run), tmp_path / "out")
    assert page.read_text(encoding="utf-8").count("</script>") == 2
    assert load_run(page, "a").failures[0].failure == words


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda text: text[: len(text) // 2], "cannot be read as a run: "),
        (lambda text: "[]", "it holds no run"),
        (
            lambda text: text.replace('"format": 1', '"format": 99', 1),
            "it has format 99, written by involution-ablate [0-9.]+, and this version reads 1$",
        ),
        (lambda text: text.replace('"seeds": 2', '"seeds": "two"'), "settings.seeds: Input should"),
        (
            lambda text: text.replace('"baseline": "7"', '"baseline": "3"'),
            "is not what its file says",
        ),
        (
            lambda text: text.replace('"baseline": "7"', '"baseline": "99"'),
            "the baseline 99 is none of the variants: 3, 7",
        ),
        (
            lambda text: text.replace('"name": "kernel-size"', '"name": "foo"', 1),
            "is not what its file says",
        ),
        (lambda text: text.replace('"name": "3"', '"name": "4"'), "are not of its variants"),
        (lambda text: text.replace('"query_key": 0', '"query": 0'), "lack a term"),
        (lambda text: text.replace('"top1": 40.0', '"top1": 1e9'), "Top-1 of 1000000000.0 %"),
        (lambda text: text.replace('"steps": 50', '"stepped": 50', 1), "a curve with the point"),
        (lambda text: text.replace('"seed": 1', '"seed": 0'), "a trial is listed twice"),
        (
            lambda text: re.sub(r'"step_seconds": \[[^]]*\]', '"step_seconds": []', text),
            "timings of",
        ),
        (
            lambda text: re.sub(
                r'"studies": \[.*?\n \],', '"studies": [],', text, count=1, flags=re.S
            ),
            "no studies",
        ),
        (lambda text: "[" * 100_000, "cannot be read as a run: "),
    ],
)
def test_what_is_no_run_is_named_in_one_line(saved, tmp_path, spoil, message):
    file = tmp_path / "out" / "run.json"
    spoiled = spoil(file.read_text())
    with suppress(ValueError, TypeError, RecursionError):  # what is no run has no checksum
        spoiled = json.dumps(sealed(json.loads(spoiled)))
    file.write_text(spoiled)
    with pytest.raises(SettingError, match=message) as raised:
        load_run(tmp_path / "out", "a")
    assert "\n" not in str(raised.value)


def test_where_there_is_no_run(tmp_path):
    (tmp_path / "page.html").write_text("<p>")
    (tmp_path / "binary.json").write_bytes(b"\xff\xfe")
    for path, message in [
        (tmp_path, "holds no run.json"),
        (tmp_path / "gone", "no such file"),
        (tmp_path / "page.html", "embeds no run"),
        (tmp_path / "binary.json", "cannot be read as a run"),
    ]:
        with pytest.raises(SettingError, match=message):
            load_run(path, "a")


def test_a_margin_comes_back_and_a_run_may_have_none(saved, tmp_path):
    run = make_run(tmp_path / "out", "kernel-size", TOPS, margin=0.5)
    assert parse_run(json.loads(json.dumps(dump_run(run)))) == run
    without = json.loads(json.dumps(dump_run(saved)))
    assert without["settings"].pop("margin", "missing") is None
    assert parse_run(sealed(without)) == saved and saved.settings.margin is None


@pytest.mark.parametrize("number", [0, 2, 5])
def test_a_run_of_another_format_is_refused_in_one_line(saved, tmp_path, number):
    old = json.loads(json.dumps(dump_run(saved)))
    del old["checksum"]  # as the first formats had none
    reason = f"it has format {number}, written by involution-ablate 0.0.3, and this version reads 1"
    old |= {"format": number, "environment": {"involution-ablate": "0.0.3"}}
    file = tmp_path / "out" / "run.json"
    file.write_text(json.dumps(old))
    with pytest.raises(SettingError) as raised:
        load_run(tmp_path / "out", "DIR")
    assert str(raised.value) == f"DIR {file.parent}: its run.json cannot be read as a run: {reason}"
    told = []
    with pytest.raises(SettingError) as raised:
        set_aside_damaged(tmp_path / "out", told.append)
    assert str(raised.value) == (
        f"output {file.parent}: holds a run that cannot be read: {reason}; name another folder"
    )
    assert told == [] and json.loads(file.read_text()) == old, "nothing is changed"
    file.write_text(json.dumps({"format": number}))
    with pytest.raises(SettingError, match=f"it has format {number}, and this version reads 1"):
        load_run(tmp_path / "out", "DIR")


def test_a_run_does_not_tell_where_its_users_home_is(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "anna"))
    run = make_run(tmp_path / "anna/out", "kernel-size", TOPS, data_dir=tmp_path / "anna/data")
    assert "anna" not in json.dumps(dump_run(run))
    settings = parse_run(dump_run(run)).settings
    assert (str(settings.output), str(settings.train.data_dir)) == ("~/out", "~/data")


def test_half_a_character_is_refused(saved):
    values = json.loads(json.dumps(dump_run(saved)))
    values["records"][0]["settings"] = {"a": "\ud800"}
    with pytest.raises(ValueError, match="holds an incomplete Unicode character"):
        parse_run(values)
