"""Trials as tasks of a real Ray cluster of two nodes on this machine."""

import os
import signal
import time

import pytest
from trials import DROPS, IMAGES, NETWORK, Events, dies, run_families

from ablations.run.events import StepDone
from ablations.run.stopping import SIGNALS, Stop

pytest.importorskip("ray", reason="needs the extra [ray]")

TINY = {"dataset": "mine_net:images", "workers": 0, "steps": 3, "batch_size": 4}
LONG = TINY | {"steps": 1500}
NODE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster():
    from ray.cluster_utils import Cluster

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    found = Cluster(initialize_head=True, head_node_args=NODE)
    try:
        found.add_node(**NODE)
        yield found
    finally:
        found.shutdown()


@pytest.fixture
def run_on(cluster):
    """As run_families, on the cluster."""

    def run(families, output, seeds=1, events=None, stop=None, running=None, **training):
        running = {"engine": "ray", "ray_address": cluster.address, **(running or {})}
        training = TINY | training
        return run_families(families, output, "auto", seeds, events, stop, running, **training)

    return run


def numbers(records):
    """All of them but times."""
    return [
        (r.variant, r.seed, r.settings, r.data, r.images, r.curve, r.top1, r.costs, r.environment)
        for r in records
    ]


def test_records_are_those_of_a_local_run(write_module, tmp_path, run_on):
    write_module("mine_net", NETWORK + DROPS + IMAGES)
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    families = ("mine_net:Drops", "mine_net:Net")
    records, events = run_on(families, tmp_path / "there")
    here, _ = run_families(families, tmp_path / "here", "0", **TINY)
    assert numbers(records) == numbers(here) and len(records) == 2
    assert (
        sorted(events.of("starts"))
        == sorted(events.of("ends"))
        == sorted((family, 0) for family in families)
    )
    assert {file.name for file in (tmp_path / "there" / "trials").iterdir()} == {
        file.name for file in (tmp_path / "here" / "trials").iterdir()
    }
    assert {number: signal.getsignal(number) for number in SIGNALS} == handlers


@pytest.mark.torture
def test_processes_of_a_trial_are_on_one_node(write_module, tmp_path, run_on):
    """Their trial equals a local one; a dying process loses it."""
    odd = """
class Odd(Net):
    def trained(self, x):
        import torch.distributed as dist
        if dist.is_initialized() and dist.get_rank() == 1 and not Path("mark").exists():
            Path("mark").touch()
            os._exit(1)
        return x
"""
    write_module("mine_net", NETWORK + DROPS + IMAGES + odd)
    families, cpus = ("mine_net:Drops", "mine_net:Odd"), {"cpus_per_trial": 1.0}
    records, events = run_on(families, tmp_path / "there", processes=2, running=cpus)
    assert events.of("lost") == [("mine_net:Odd", 0)]
    here, _ = run_families(families, tmp_path / "here", "1", **TINY, processes=2)
    assert numbers(records) == numbers(here) and len(records) == 2


@pytest.mark.torture
def test_a_process_that_dies_is_tried_again_twice(write_module, tmp_path, run_on):
    write_module("mine_net", NETWORK + IMAGES + dies("os._exit(1)", marks=3))
    (record,), events = run_on(["mine_net:Dies"], tmp_path)
    assert record.failure == "the process of this trial died on its node" and record.transient
    assert "attempt 3 of 3" in (tmp_path / record.log).read_text()
    assert [kind for kind, *_ in events.told if kind != "step"] == [
        "starts", "lost", "starts", "lost", "starts", "ends",
    ]  # fmt: skip
    (record,), _ = run_on(["mine_net:Dies"], tmp_path)
    assert record.failure is None, "the next run tries again"


class Then(Events):
    """Does something once, after every trial has reported a step."""

    def __init__(self, trials, then):
        super().__init__()
        self.trials, self.then, self.steps = trials, then, {}

    def on(self, event):
        super().on(event)
        if isinstance(event, StepDone):
            self.steps.setdefault(event.trial.seed, []).append(event.step)
        if self.then is not None and len(self.steps) == self.trials:
            then, self.then = self.then, None
            then()


@pytest.mark.torture
def test_a_stop_leaves_checkpoints_from_which_the_next_run_goes_on(write_module, tmp_path, run_on):
    write_module("mine_net", NETWORK + IMAGES)
    stop = Stop()

    def ask():
        with stop.on_signals():
            os.kill(os.getpid(), signal.SIGTERM)

    records, events = run_on(
        ["mine_net:Net"], tmp_path / "out", 2, Then(2, ask), stop, steps=1_000_000
    )
    assert records == [] and len(events.of("pauses")) == 2
    assert len(list((tmp_path / "out" / "checkpoints").iterdir())) == 2


@pytest.mark.torture
def test_a_trial_whose_node_is_lost_goes_on_elsewhere(write_module, tmp_path, run_on, cluster):
    write_module("mine_net", NETWORK + IMAGES)
    (second,) = cluster.worker_nodes

    def kill():
        time.sleep(1)  # some steps, each with a checkpoint
        cluster.remove_node(second, allow_graceful=False)

    every = {"checkpoint_every": 0.0}
    try:
        records, events = run_on(
            ["mine_net:Net"], tmp_path / "out", 2, Then(2, kill), running=every, **LONG
        )
    finally:
        cluster.add_node(**NODE)
    ((_, seed),) = events.of("lost")
    steps = events.steps[seed]
    assert min(steps) <= 2 and steps.count(min(steps)) == 1, "it did not begin anew"
    undisturbed, _ = run_families(["mine_net:Net"], tmp_path / "here", "1", 2, **LONG)
    assert numbers(records) == numbers(undisturbed)


@pytest.mark.torture
def test_a_worker_without_memory_is_tried_again_twice(write_module, tmp_path, monkeypatch):
    """On a node that Ray takes for one without any left: it ends whatever task is there."""
    from ray.cluster_utils import Cluster

    write_module("mine_net", NETWORK + IMAGES)
    monkeypatch.setenv("RAY_memory_usage_threshold", "0.001")
    monkeypatch.setenv("RAY_memory_monitor_refresh_ms", "100")
    starved = Cluster(initialize_head=True, head_node_args=NODE)
    running = {"engine": "ray", "ray_address": starved.address}
    try:
        (record,), events = run_families(
            ["mine_net:Net"], tmp_path, "auto", 1, running=running, **TINY | {"steps": 1_000_000}
        )
    finally:
        starved.shutdown()
    assert "memory" in record.failure and record.transient
    assert len(events.of("lost")) == 2
