"""Finished runs whose every number a test knows: real proofs, made-up accuracies."""

import random
from dataclasses import replace
from functools import cache
from pathlib import Path

import torch

from ablations.costs.proof import Proof
from ablations.costs.proof_rows import prove_rows
from ablations.costs.proof_suite import study_rows
from ablations.records.run_record import Run
from ablations.records.timing_record import TimingRecord
from ablations.records.trial_record import TrialRecord
from ablations.study.builder import make_study, parse_study
from ablations.study.run_settings import RunSettings
from ablations.study.shipped_studies import ENVELOPE, shipped, shipped_study, with_levels
from ablations.study.train_settings import TrainSettings
from ablations.training.environment import describe_environment
from ablations.training.trial_result import TrainedCosts

NASTY = 'imagefolder:/data/<script>alert("x")</script>&\\end{tabular}|'
"""A data set's path as nobody would have it."""


def record(variant, seed, top1, failure=None, costs=(77_520, 8_960_000)):
    """A trial that ended with `top1` after two epochs, half of it after the first."""
    params, macs = costs
    curve = () if top1 is None else (
        {"epoch": 1, "steps": 50, "train_loss": 2.0, "top1": top1 / 2},
        {"epoch": 2, "steps": 100, "train_loss": 1.0, "top1": top1},
    )  # fmt: skip
    return TrialRecord(
        variant=variant,
        seed=seed,
        settings={},
        device="cpu",
        data="a <b>data set</b>",
        curve=curve,
        top1=top1,
        costs=TrainedCosts(params, {"conv": macs - 960_000, "involution": 960_000}),
        seconds=1.0,
        environment={"threads": str(seed + 1), "torch": "2"},
        images="images",
        failure=failure,
    )


def timing(variant, place, failure=None):
    """1000, 900, 800, ... images/s in training; 40, 41, 42, ... MiB."""
    seconds = () if failure else (32 / (1000 - 100 * place),) * 3
    return TimingRecord(
        variant=variant,
        settings={},
        device="cpu",
        data="a <b>data set</b>",
        batch_size=32,
        step_seconds=seconds,
        inference_seconds=seconds,
        peak_bytes=None if failure else (40 + place) * 2**20,
        environment={"threads": "1", "torch": "2"},
        images="images",
        session="2026-01-01T00:00:00+00:00",
        failure=failure,
    )


_counted: dict[tuple, Proof] = {}
"""Network -> its proof beside no published figure: each is counted once in all tests."""


def _proof(row):
    if row.network not in _counted:
        alone = replace(row, convention=None, published=None, point=None)
        (_counted[row.network],) = prove_rows([alone])
    return row.held_to(_counted[row.network])


@cache
def _proofs(source, model):
    return [_proof(row) for row in study_rows(make_study(parse_study(source)), model)]


def make_run(output, study, tops, **options):
    """A run of one shipped study; see `run_of`."""
    return run_of(output, shipped_study(study, list(tops)), tops, **options)


def spread_around(base, number):
    """Top-1 of eight seeds around `base`; their spread is another one for each number."""
    spread = random.Random(number)
    return [base + seed + spread.uniform(-0.5, 0.5) for seed in range(8)]


def envelope_run(output):
    """Two families at two depths."""
    axes = {"family": ("resnet", "rednet"), "depth": (26, 38)}
    study = make_study(with_levels(shipped(ENVELOPE), axes))
    names = list(study.variants)
    tops = {name: spread_around(40 + 5 * place, place) for place, name in enumerate(names)}
    return run_of(output, study, tops)


def run_of(
    output,
    made,
    tops,
    failure="loss became nan at step <3>",
    margin=None,
    cost_model="rednet50",
    **train,
):
    """A run of one study. tops: value -> Top-1 by seed, None where the trial failed."""
    seeds = max(len(found) for found in tops.values())
    records = [
        record(
            made.variants[value],
            seed,
            found[seed],
            failure if found[seed] is None else None,
            costs=(70_000 + 1_000 * place, 8_000_000 + 500_000 * place),
        )
        for seed in range(seeds)
        for place, (value, found) in enumerate(tops.items())
        if seed < len(found)
    ]
    settings = RunSettings(
        Path(output),
        cost_model,
        seeds,
        TrainSettings(**({"dataset": NASTY, "epochs": 8} | train)),
        margin,
    )
    environment = describe_environment(torch.device("cpu"))
    rows = {made.name: _proofs(made.source, cost_model)}
    timings = [
        timing(made.variants[value], place, "out of <memory>" if not any(found) else None)
        for place, (value, found) in enumerate(tops.items())
    ]
    command = "typed 'as is' <&>"
    wanted = len(records)
    return Run([made], settings, rows, records, timings, environment, command, {}, wanted)
