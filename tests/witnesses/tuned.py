"""Finished runs of tuned studies whose every number a test knows."""

from dataclasses import replace

from finished import record, run_of

from ablations.results.tuning_result import tuning_result
from ablations.study.builder import make_study, parse_study

TUNED = """
name = "tuned"
title = "Kernel <size>, tuned"
[axes]
kernel_size = [3, 5, 7]
[settings]
seeds = 6
[tune]
lr = [0.3, 0.01, 0.1]
seeds = 2
"""
TRIED = {
    "3": [[60.0, 62.0], [40.0, 42.0], [50.0, 51.0]],
    "5": [[90.0, None], [45.0, 47.0], [55.0, 56.0]],
    "7": [[44.0, 46.0], [48.0, 49.0], [58.0, 59.0]],
}
"""Variant -> Top-1 of every candidate by seed: 3 does best with 0.3, the others with 0.1."""

TOPS = {name: [40.0 + 5 * place + seed for seed in range(6)] for place, name in enumerate(TRIED)}


def tried_by(study, tried):
    """The trials of its tuning."""
    return [
        record(
            study.variants[name].trained_with(levels),
            seed,
            top1,
            "loss became nan" if top1 is None else None,
        )
        for name, candidates in tried.items()
        for levels, found in zip(study.tune.candidates, candidates, strict=True)
        for seed, top1 in zip(study.tune.trial_seeds, found, strict=True)
    ]


def tuning_of(text=TUNED, tried=TRIED):
    """What the tuning of a study of `text` found; tried: as TRIED."""
    study = make_study(parse_study(text))
    return tuning_result(study, tried_by(study, tried))


def tuned_run(output, text=TUNED, tried=TRIED, tops=TOPS):
    """A run of one study of `text`. tried: as TRIED; tops: of the study's trials, by seed."""
    study = make_study(parse_study(text))
    tuning = tried_by(study, tried)
    made = tuning_result(study, tuning).tuned
    run = run_of(output, made, tops, cost_model="rednet-small", dataset="digits", epochs=8)
    return replace(run, studies=[study], tuning=tuning)
