import subprocess
import sys

import pytest
import torch
from torch import nn

from ablations.data.digits import digits
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.bench import Bench, Subject
from ablations.training.data_sets import timing_spec
from ablations.training.process import peak_bytes
from ablations.training.step import Stepper

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data():
    return digits()


def bench(data, settings, variant=Variant(), device=CPU):  # noqa: B008
    return Bench(timing_spec(variant, settings, device, data), data)


def training_peak(data, kernel_size=7, group_channels=16, batch_size=8):
    settings = TrainSettings(batch_size=batch_size)
    return bench(data, settings, Variant(kernel_size, group_channels)).training_peak()


def test_peak_by_hand():
    def work():
        layer = nn.Linear(100, 50, bias=False)
        x = torch.ones(32, 100)
        layer(x).backward(torch.ones(32, 50))
        del layer
        torch.ones(10, 100)

    weight, x, out = 4 * 50 * 100, 4 * 32 * 100, 4 * 32 * 50
    assert peak_bytes(work, CPU) == weight + x + 2 * out + weight


def test_freed_memory_is_not_counted_twice_and_what_was_there_not_at_all():
    there = torch.ones(10**6)

    def work():
        for _ in range(5):
            there.neg()

    assert peak_bytes(work, CPU) == 4 * 10**6
    assert peak_bytes(lambda: None, CPU) == 0


def test_peak_of_a_step_holds_weight_gradient_momentum_and_the_optimizers_two_sums():
    size, gradients = 10**6, []

    def work():
        network = nn.Sequential(nn.Linear(1000, 1000, bias=False))
        batch = (torch.ones(1, 1000), torch.zeros(1, dtype=torch.long))
        subject = Subject(Stepper(network, TrainSettings(), CPU, 0), batch)
        subject.step()
        subject.step()
        gradients.append(network[0].weight.grad.numel())

    peak = peak_bytes(work, CPU)
    assert gradients == [size]
    assert 0 <= peak - 5 * 4 * size < 50_000


def test_peak_is_that_of_a_step_that_finds_old_gradients(data):
    once = bench(data, TrainSettings(batch_size=8))
    only_once = peak_bytes(lambda: once.prepare().step(), CPU)
    assert training_peak(data) > only_once


def test_memory_is_the_same_every_time(data):
    assert len({training_peak(data) for _ in range(3)}) == 1


def test_memory_grows_with_the_kernels(data):
    by_size = [training_peak(data, size) for size in (3, 5, 7, 9)]
    assert sorted(set(by_size)) == by_size
    by_channels = [training_peak(data, 7, channels) for channels in ("C", 16, 4, 1)]
    assert sorted(set(by_channels)) == by_channels


def test_memory_of_activations_is_proportional_to_the_batch(data):
    small, middle, large = (training_peak(data, batch_size=size) for size in (16, 32, 64))
    assert large - middle == pytest.approx(2 * (middle - small), rel=1e-3)
    assert large == pytest.approx(2 * middle, rel=0.05)


RSS = """
import ctypes
import gc
import torch
from ablations.data.digits import digits
from ablations.training.data_sets import timing_spec
from ablations.study.train_settings import TrainSettings
from ablations.training.bench import Bench
from ablations.study.variants import Variant

def most():
    lines = open("/proc/self/status").read().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))

def forget_the_past():
    # What was freed goes back to the system, and the peak is counted anew from here.
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    open("/proc/self/clear_refs", "w").write("5")

def bench(batch):
    settings, data = TrainSettings(batch_size=batch), digits()
    return Bench(timing_spec(Variant(), settings, torch.device("cpu"), data), data)

large = bench(512)
bench(2).prepare().step()
forget_the_past()
before = most()
subject = large.prepare()
subject.step()
subject.step()
grown = most() - before
del subject
print(grown, large.training_peak())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_memory_is_that_of_a_process():
    ended = subprocess.run([sys.executable, "-c", RSS], capture_output=True, text=True)
    assert ended.stderr == ""
    grown, counted = map(int, ended.stdout.split())
    assert 0.9 * counted < grown < 1.25 * counted


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_peak_on_a_cuda_device(data):
    cuda = torch.device("cuda")
    there = torch.ones(10**6, device=cuda)
    assert peak_bytes(lambda: there.neg().neg(), cuda) == pytest.approx(8 * 10**6, rel=1e-3)
    measured = bench(data, TrainSettings(batch_size=8), Variant(3), cuda)
    assert measured.training_peak() == measured.training_peak()
