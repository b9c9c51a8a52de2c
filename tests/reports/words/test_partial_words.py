"""A run that is not over, as its report shows it."""

from dataclasses import replace

from finished import make_run
from tuned import tuned_run

from ablations.records.run_file import save_run
from reports.screen.ending_lines import failure_lines

TOPS = {"3": [40.0, None, 45.0], "7": [60.0, 65.0, None]}


def partial(folder, kept):
    """A run of which only these trials, in the order of their seeds, have ended; none is timed."""
    whole = make_run(folder, "kernel-size", TOPS)
    kept_records = [whole.records[place] for place in kept]
    return replace(whole, wanted=len(whole.records), records=kept_records, timings=[])


def test_a_partial_run_is_marked_and_what_is_missing_has_not_failed(run, tmp_path):
    saved = partial(tmp_path / "out", [0, 1, 2])
    assert saved.partial and saved.wanted == 6
    save_run(saved)
    result = run("report", "out")
    assert result.code == 0, result.err
    page = (tmp_path / "out" / "report.html").read_text()
    assert "<title>Partial: " in page
    assert "Partial: 3 of 6 trials have ended." in page
    assert "3 × 3: Top-1 over 1 of 3 seeds, 1 failed and 1 has not run yet." in page
    assert "7 × 7: Top-1 over 1 of 3 seeds, the others have not run yet." in page
    assert "no speed and memory, which are measured after the last trial." in page


def test_a_run_that_has_just_begun_is_shown_too(run, tmp_path):
    save_run(partial(tmp_path / "out", []))
    result = run("report", "out")
    assert result.code == 0, result.err
    page = (tmp_path / "out" / "report.html").read_text()
    assert "Partial: 0 of 6 trials" in page and "no Top-1, no trial has run yet." in page


def test_a_tuning_that_is_not_over_has_chosen_nothing(run, tmp_path):
    saved = tuned_run(tmp_path / "out")
    save_run(replace(saved, tuning=saved.tuning[:9], records=[], timings=[], wanted=18))
    assert run("report", "out").code == 0
    page = (tmp_path / "out" / "report.html").read_text()
    words = "Partial: 9 of 18 tuning trials have ended. Nothing is chosen yet, and no trial of a"
    assert words in page and '<section id="tuning">' not in page
    assert "failed, so that nothing was chosen" not in page


def test_a_run_that_is_over_is_not_partial(run, tmp_path):
    save_run(make_run(tmp_path / "out", "kernel-size", TOPS))
    assert run("report", "out").code == 0
    assert "Partial" not in (tmp_path / "out" / "report.html").read_text()


def test_failures_are_told_by_reason(tmp_path):
    saved = make_run(tmp_path, "kernel-size", {"3": [None] * 4, "7": [1.0, 2.0, 3.0, None]})
    other = replace(saved.records[-1], failure="no memory", transient=True, log="logs/a.txt")
    saved = replace(saved, records=[*saved.records[:-1], other])
    assert list(failure_lines(saved)) == [
        f"5 of 8 trials failed: see the report, and {tmp_path}/logs for tracebacks",
        "  4 × loss became nan at step <3>: K=3, 16 group channels, r=4, seed 0; "
        "K=3, 16 group channels, r=4, seed 1; K=3, 16 group channels, r=4, seed 2; ...",
        "  1 × no memory: K=7, 16 group channels, r=4, seed 3 [logs/a.txt]",
        "  --retry-failed runs them again",
    ]
    assert list(failure_lines(make_run(tmp_path, "kernel-size", {"3": [1.0], "7": [2.0]}))) == []
