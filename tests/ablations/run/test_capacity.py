import pytest
import torch
from trials import CPU

from ablations.data.digits import digits
from ablations.run import capacity
from ablations.run.capacity import choose_jobs, free_memory, needed_memory
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.bench import Bench
from ablations.training.data_sets import DataSets, timing_spec


@pytest.fixture(scope="module")
def data():
    return digits()


def spec(data, variant=Variant(3), **settings):  # noqa: B008
    return timing_spec(variant, TrainSettings(**settings), CPU, data)


@pytest.mark.parametrize(
    ("cores", "threads", "processes", "trials_that_fit", "jobs"),
    [
        (8, 1, 1, 100, 8),
        (8, 2, 1, 100, 4),
        (8, 3, 1, 100, 2),
        (1, 2, 1, 100, 1),
        (8, 1, 4, 100, 2),
        (8, 2, 2, 100, 2),
        (8, 1, 1, 2.5, 2),
        (8, 1, 1, 0.5, 1),
    ],
)
def test_as_many_trials_as_cores_and_memory_allow(
    data, monkeypatch, cores, threads, processes, trials_that_fit, jobs
):
    settings = {"threads": threads, "processes": processes}
    wanted = [spec(data, **settings), spec(data, Variant(7), **settings)]
    need = max(needed_memory(each, data) for each in wanted)
    data_sets = DataSets()
    monkeypatch.setattr(capacity, "usable_cores", lambda: cores)
    monkeypatch.setattr(capacity, "free_memory", lambda: int(need * trials_that_fit))
    assert choose_jobs("auto", wanted, data_sets, CPU) == jobs
    assert choose_jobs("5", wanted, data_sets, CPU) == 5
    assert choose_jobs("auto", wanted, data_sets, torch.device("cuda")) == 1


@pytest.mark.parametrize("variant", [Variant(3), Variant(7, generator="attention")])
@pytest.mark.parametrize("batch_size", [8, 64])
def test_a_trial_needs_no_more_memory_than_is_estimated(data, variant, batch_size):
    wanted = spec(data, variant, batch_size=batch_size)
    tensors = needed_memory(wanted, data) - capacity.PROCESS_BYTES - data.held_bytes
    peak = Bench(wanted, data).training_peak()
    assert peak < tensors < 3 * peak


def test_each_process_needs_memory_for_its_part_of_a_batch(data):
    alone, halves = spec(data, batch_size=9), spec(data, batch_size=9, processes=2)
    five = spec(data, batch_size=5)
    assert needed_memory(halves, data) == 2 * needed_memory(five, data) > needed_memory(alone, data)
    assert Bench(halves, data).batch_size == 5 and Bench(alone, data).batch_size == 9


def test_free_memory_is_that_of_the_machine_or_less():
    with open("/proc/meminfo") as file:
        total = int(file.readline().split()[1]) * 1024
    assert 0 < free_memory() < total


def test_a_container_may_have_less(tmp_path):
    for name, text in {"max": "max\n", "current": "300\n", "stat": "inactive_file 100\n"}.items():
        (tmp_path / f"memory.{name}").write_text(text)
    assert list(capacity._free_of_group(tmp_path)) == []
    (tmp_path / "memory.max").write_text("1000\n")
    assert list(capacity._free_of_group(tmp_path)) == [800]
