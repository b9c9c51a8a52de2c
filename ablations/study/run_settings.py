"""A run as it was asked for. No torch."""

import re
from dataclasses import dataclass
from pathlib import Path

from ablations.errors import SettingError
from ablations.own_code import is_own_code
from ablations.settings.readers import (
    number_within,
    one_of,
    read_count,
    read_count_or_zero,
    read_positive,
    read_share_or_count,
    whole,
)
from ablations.settings.setting import Setting, check_settings, machine_switch, setting
from ablations.study.train_settings import MODELS, TrainSettings

AUTO = "auto"

LOCAL, RAY, SLURM = "local", "ray", "slurm"

TRACKERS = ("tensorboard", "trackio", "wandb")
"""Experiment trackers, by their packages and this one's extras."""


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
    """A run: where it goes, how costs are counted, how many seeds, how trials are trained.

    Attributes:
        output: The folder that it writes.
        cost_model: The network whose costs are counted, before a study varies it.
        seeds: Trials of each variant.
        jobs: Trials at a time, each in a process of its own: "auto" or a number; "0": one at a
            time, in this process.
        train: None where only costs are wanted.
        margin: Points of Top-1 within which variants count as equivalent; None where nothing is
            asked of it. Part of the run alone: no trial depends on it.
        checkpoint_every: Seconds between two checkpoints of a running trial.
        save_weights: Whether every trial's trained network is kept.
        retry_failed: Whether trials that an earlier run recorded as failed are run again.
        fail_fast: Whether the first trial that fails stops the run.
        fail_on_error: How many trials, "3", or what share of them, "10%", may fail before the run
            stops; None: all.
        engine: "local": this machine; "ray": the nodes of a Ray cluster; "slurm": jobs of Slurm.
        ray_address: Of the cluster, "HOST:PORT" or "auto"; None: as Ray finds it, else a new one on
            this machine.
        cpus_per_trial: Of a node, for each trial on Ray; None: the threads of its processes.
        gpus_per_trial: Likewise, at most 1; None: one for each of its processes where trials are
            trained on GPUs, else 0.
        log: Names of trackers, with commas between them.
        slurm: What jobs ask of Slurm, "KEY=VALUE,...": parameters of submitit; None: cores and GPUs
            for the trial alone.
        shard: "I/N": every N-th trial of the studies alone, beginning with the I-th; None: all.

    Raises:
        SettingError: For the first value that is not allowed.
    """

    output: Path
    cost_model: str = setting(
        Setting(
            read=one_of(MODELS),
            default="rednet50",
            help="Network whose costs are counted, at its own image size and class number (the "
            "paper's: rednet50, 224x224, 1000)",
            example="rednet26",
            option="--cost-model",
            metavar="NAME",
            axis=False,
        )
    )
    seeds: int = setting(
        Setting(
            read=read_count,
            default=8,
            kind=int,
            help="Trials of each variant",
            example="6",
            option="--seeds",
            axis=False,
        )
    )
    train: TrainSettings | None = None
    margin: float | None = setting(
        Setting(
            read=read_positive,
            default=None,
            kind=float,
            help="Points of Top-1 that are too few to matter: which variants are no worse than the "
            "baseline by more than that is tested, too",
            example="0.5",
            option="--margin",
            metavar="POINTS",
            axis=False,
        )
    )
    jobs: str = setting(
        Setting(
            read=_read_jobs,
            default=AUTO,
            help="Trials at a time, each in a process of its own; auto: as many as cores and "
            "memory allow; 0: one at a time, in this process",
            example="2",
            option="--jobs",
            axis=False,
            machine=True,
        )
    )

    checkpoint_every: float = setting(
        Setting(
            read=number_within(0, float("inf")),
            default=60.0,
            kind=float,
            help="Seconds between two checkpoints of a running trial",
            example="600",
            option="--checkpoint-every",
            metavar="SECONDS",
            axis=False,
            machine=True,
        )
    )
    save_weights: bool = machine_switch(
        "--save-weights",
        "Keep the trained network of every trial in weights/",
    )
    retry_failed: bool = machine_switch(
        "--retry-failed",
        "Run the trials again that are recorded as failed",
    )
    fail_fast: bool = machine_switch(
        "--fail-fast",
        "Stop the run at the first trial that fails",
    )
    fail_on_error: str | None = setting(
        Setting(
            read=read_share_or_count,
            default=None,
            help="Stop the run when more trials have failed: a number, or a share of all",
            example="10%",
            option="--fail-on-error",
            metavar="N|SHARE",
            axis=False,
            machine=True,
        )
    )

    engine: str = setting(
        Setting(
            read=one_of((LOCAL, RAY, SLURM)),
            default=LOCAL,
            help="Where trials run: local, on this machine; ray, as tasks of a Ray cluster; slurm, "
            "as jobs of Slurm",
            example="ray",
            option="--engine",
            metavar="NAME",
            axis=False,
            machine=True,
        )
    )
    ray_address: str | None = setting(
        Setting(
            read=_read_address,
            default=None,
            help="The Ray cluster; without it the one that RAY_ADDRESS or 'ray start' names, or a "
            "new one on this machine",
            example="10.0.0.1:6379",
            option="--ray-address",
            metavar="HOST:PORT",
            axis=False,
            machine=True,
        )
    )
    cpus_per_trial: float | None = setting(
        Setting(
            read=read_positive,
            default=None,
            kind=float,
            help="CPUs that Ray reserves for each trial; without it as many as it has threads in "
            "all processes",
            example="4",
            option="--cpus-per-trial",
            axis=False,
            machine=True,
        )
    )
    gpus_per_trial: float | None = setting(
        Setting(
            read=_read_gpus,
            default=None,
            kind=float,
            help="GPUs that Ray reserves for each trial, at most 1; without it 1, or one for each "
            "of its processes, where trials are trained on GPUs; 0.5: two share one",
            example="0.5",
            option="--gpus-per-trial",
            metavar="K",
            axis=False,
            machine=True,
        )
    )

    slurm: str | None = setting(
        Setting(
            read=_read_pairs,
            default=None,
            help="What jobs ask of Slurm, in submitit's words",
            example="partition=gpu,timeout_min=240,mem_gb=16",
            option="--slurm",
            metavar="KEY=VALUE,...",
            axis=False,
            machine=True,
        )
    )

    shard: str | None = setting(
        Setting(
            read=_read_shard,
            default=None,
            help="Of all trials only every N-th, beginning with the I-th; the study is complete "
            "when all shards have run in one folder",
            example="2/8",
            option="--shard",
            metavar="I/N",
            axis=False,
            machine=True,
        )
    )

    log: str | None = setting(
        Setting(
            read=_read_log,
            default=None,
            help=f"Experiment trackers that are told of the trials: {', '.join(TRACKERS)}, or your "
            "own as module:object; several with commas",
            example="tensorboard",
            option="--log",
            metavar="NAME",
            axis=False,
            machine=True,
        )
    )

    def __post_init__(self) -> None:
        check_settings(self)
        self._check_engine()
        if self.fail_fast and self.fail_on_error is not None:
            problem = "give either --fail-fast or --fail-on-error"
            raise SettingError("fail-on-error", self.fail_on_error, problem)

    def _check_engine(self) -> None:
        if self.engine != LOCAL and self.jobs.strip("0") == "":
            raise SettingError("jobs", self.jobs, "is of --engine local; allowed: auto, 1, ...")
        if self.engine != SLURM and self.slurm is not None:
            raise SettingError("slurm", self.slurm, "is of --engine slurm")
        if self.engine == RAY:
            if self.gpus_per_trial is not None and self.train and self.train.processes > 1:
                problem = "is of --processes 1; each of several has one"
                raise SettingError("gpus-per-trial", self.gpus_per_trial, problem)
            return
        for name in ("ray_address", "cpus_per_trial", "gpus_per_trial"):
            value = getattr(self, name)
            if value is not None:
                raise SettingError(name.replace("_", "-"), value, "is of --engine ray")

    @property
    def trackers(self) -> list[str]:
        """The names in `log`."""
        return self.log.split(",") if self.log else []

    @property
    def models(self) -> list[str]:
        """The networks that will be built, before a study varies them."""
        return [self.cost_model, *([self.train.model] if self.train else [])]
