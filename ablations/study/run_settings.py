"""Run settings. No torch."""

import re
from dataclasses import dataclass
from pathlib import Path

from ablations.errors import SettingError
from ablations.own_code import is_own_code
from ablations.settings.readers import (
    number_within,
    read_count_or_zero,
    read_positive,
    read_share_or_count,
    whole,
)
from ablations.settings.setting import check_settings, setting
from ablations.study.train_settings import MODELS, TrainSettings

AUTO = "auto"

LOCAL, RAY, SLURM = "local", "ray", "slurm"

TRACKERS = ("tensorboard", "trackio", "wandb")
"""Experiment trackers, named as their packages and as our extras."""


def _read_jobs(text: str) -> str:
    if text == AUTO:
        return text
    try:
        return str(read_count_or_zero(text))
    except ValueError as error:
        raise ValueError(f"{error}, or {AUTO}") from None


def _read_address(text: str) -> str:
    if re.fullmatch(r"auto|[^\s/@]+:[0-9]{1,5}", text) is None:
        raise ValueError("must be HOST:PORT of the head node, or auto, on a node of the cluster")
    return text


def _read_gpus(text: str) -> float:
    value = number_within(0, float("inf"))(text)
    if value > 1:
        raise ValueError("must be at most 1: a trial is trained on one GPU, or shares it")
    return value


def _read_log(text: str) -> str:
    names = text.split(",")
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"names {name} twice")
        if name not in TRACKERS and not is_own_code(name):
            raise ValueError(
                f"must be {', '.join(TRACKERS)} or module:object, or several with commas"
            )
    return text


def _read_pairs(text: str) -> str:
    if re.fullmatch(r"\w+=[^,=]+(,(\w+=)?[^,=]+)*", text) is None:
        raise ValueError("must be KEY=VALUE,..., such as partition=gpu,timeout_min=240")
    return text


def _read_shard(text: str) -> str:
    place, _, of = text.partition("/")
    shard, shards = whole(place), whole(of)
    if shard is None or shards is None or shard > shards:
        raise ValueError("must be I/N, I from 1 to N, such as 2/8")
    return f"{shard}/{shards}"


@dataclass(frozen=True)
class RunSettings:
    """Settings of a run: output folder, costs, seeds, and how trials run.

    Attributes:
        output: Output folder.
        train: Training settings; None: count costs only.

    Raises:
        SettingError: For the first value that is not allowed.
    """

    output: Path
    cost_model: str = setting(
        "rednet50",
        "Network whose costs are counted, at its own image size and number of classes (the "
        "paper's: rednet50, 224x224, 1000)",
        choices=MODELS,
        example="rednet26",
        axis=False,
    )
    seeds: int = setting(8, "Trials per variant", example="6", axis=False)
    train: TrainSettings | None = None
    margin: float | None = setting(
        None,
        "Equivalence margin in points of Top-1: also test which variants are at most this much "
        "worse than the baseline",
        read=read_positive,
        example="0.5",
        metavar="POINTS",
        axis=False,
    )
    jobs: str = setting(
        AUTO,
        "Parallel trials, one process each; auto: as many as cores and memory allow; 0: one at a "
        "time in this process",
        read=_read_jobs,
        example="2",
        metavar="N",
        machine=True,
    )
    checkpoint_every: float = setting(
        60.0,
        "Seconds between checkpoints of a running trial",
        example="600",
        metavar="SECONDS",
        machine=True,
    )
    save_weights: bool = setting(False, "Save the trained weights of each trial in weights/")
    retry_failed: bool = setting(False, "Run failed trials again")
    fail_fast: bool = setting(False, "Stop the run at the first failed trial")
    fail_on_error: str | None = setting(
        None,
        "Stop the run if more trials fail: a number, or a share of all",
        read=read_share_or_count,
        example="10%",
        metavar="N|SHARE",
        machine=True,
    )
    engine: str = setting(
        LOCAL,
        "Engine that runs trials: local (this machine), ray (a Ray cluster) or slurm (Slurm jobs)",
        choices=(LOCAL, RAY, SLURM),
        example=RAY,
        machine=True,
    )
    ray_address: str | None = setting(
        None,
        "Ray cluster; default: RAY_ADDRESS, the one of 'ray start', or a new one on this machine",
        read=_read_address,
        example="10.0.0.1:6379",
        metavar="HOST:PORT",
        machine=True,
    )
    cpus_per_trial: float | None = setting(
        None,
        "CPUs that Ray reserves per trial; default: --threads times --processes",
        read=read_positive,
        example="4",
        metavar="N",
        machine=True,
    )
    gpus_per_trial: float | None = setting(
        None,
        "GPUs that Ray reserves per trial, at most 1; 0.5: two trials share one; default: one per "
        "process when training on GPUs",
        read=_read_gpus,
        example="0.5",
        metavar="K",
        machine=True,
    )
    slurm: str | None = setting(
        None,
        "Slurm parameters, named as in submitit; default: cores and GPUs of one trial",
        read=_read_pairs,
        example="partition=gpu,timeout_min=240,mem_gb=16",
        metavar="KEY=VALUE,...",
        machine=True,
    )
    shard: str | None = setting(
        None,
        "Run only every N-th trial, starting with the I-th; the study is complete when all N "
        "shards have run in one folder",
        read=_read_shard,
        example="2/8",
        metavar="I/N",
        machine=True,
    )
    log: str | None = setting(
        None,
        f"Experiment trackers: {', '.join(TRACKERS)}, or your own as module:object; separate "
        "several with commas",
        read=_read_log,
        example="tensorboard",
        machine=True,
    )

    def __post_init__(self) -> None:
        check_settings(self)
        self._check_engine()
        if self.fail_fast and self.fail_on_error is not None:
            problem = "give either --fail-fast or --fail-on-error"
            raise SettingError("fail-on-error", self.fail_on_error, problem)

    def _check_engine(self) -> None:
        if self.engine != LOCAL and self.jobs.strip("0") == "":
            raise SettingError("jobs", self.jobs, "requires --engine local; allowed: auto, 1, ...")
        if self.engine != SLURM and self.slurm is not None:
            raise SettingError("slurm", self.slurm, "requires --engine slurm")
        if self.engine == RAY:
            if self.gpus_per_trial is not None and self.train and self.train.processes > 1:
                problem = "requires --processes 1; each of several has its own GPU"
                raise SettingError("gpus-per-trial", self.gpus_per_trial, problem)
            return
        for name in ("ray_address", "cpus_per_trial", "gpus_per_trial"):
            value = getattr(self, name)
            if value is not None:
                raise SettingError(name.replace("_", "-"), value, "requires --engine ray")

    @property
    def trackers(self) -> list[str]:
        """Names of the trackers in `log`."""
        return self.log.split(",") if self.log else []

    @property
    def models(self) -> list[str]:
        """Networks to build, before a study varies them."""
        return [self.cost_model, *([self.train.model] if self.train else [])]
