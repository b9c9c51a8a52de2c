"""The program's training loop against one in bare PyTorch, on a CUDA device where there is one.

The default study's network, images and settings in both, for a few steps with as many tests. First
both train the same network, on a CPU to the same bits; then they are timed in turn. Beside the
bare loop the program's one checks for due checkpoints, for a stop, and for finite losses, which it
reports.
"""

import sys

sys.path.append(sys.path.pop(0))  # this folder last: its operator.py is not the standard library's

import itertools
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
import torch.nn.functional as F
from measuring import arguments, goal, machine, medians, write
from torch import nn

from ablations.data.digits import digits
from ablations.data.image_sets import TensorImages
from ablations.records.checkpoints import FileKeeper, TrialFiles
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.data_sets import timing_spec
from ablations.training.loop import curve_steps, train
from ablations.training.process import keep_freed_memory
from ablations.training.recipe import learning_rate, warm_up_steps
from involution_core import build_network

STEPS, SEED, TESTED = 10, 0, 32
SETTINGS = TrainSettings(epochs=None, steps=STEPS)
DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")

Loop = Callable[[nn.Module, TensorImages], None]


def images() -> TensorImages:
    """The digits, few to test on: how a network is tested is not asked here."""
    found = digits()
    pictures, labels = found.test
    return replace(found, test=(pictures[:TESTED], labels[:TESTED]), views=1)


def fresh() -> nn.Module:
    torch.manual_seed(SEED)
    return build_network("rednet-small")


def ours(network: nn.Module, data: TensorImages) -> None:
    """As a trial is trained."""
    with TemporaryDirectory() as folder:
        files = TrialFiles(Path(folder) / "trial.pt", None, every=60.0)
        spec = timing_spec(Variant(), SETTINGS, DEVICE, data).trial(SEED)
        keeper = FileKeeper(files, spec, data)
        train(network, data, SETTINGS, SEED, DEVICE, lambda step, loss: None, keeper)


def bare(network: nn.Module, data: TensorImages) -> None:
    """What one writes by hand."""
    network.to(DEVICE).to(memory_format=torch.channels_last).train()
    optimizer = torch.optim.SGD(
        network.parameters(),
        SETTINGS.lr,
        SETTINGS.momentum,
        weight_decay=SETTINGS.weight_decay,
        nesterov=True,
    )
    warm_up = warm_up_steps(SETTINGS, STEPS, STEPS)
    epoch = data.train_epoch(SEED, 0, SETTINGS.batch_size)
    for step, (pictures, labels) in enumerate(itertools.islice(epoch, STEPS)):
        optimizer.param_groups[0]["lr"] = learning_rate(step, STEPS, SETTINGS.lr, warm_up)
        scores = network(pictures.to(DEVICE))
        labels = labels.to(DEVICE)
        loss = F.cross_entropy(scores, labels, label_smoothing=SETTINGS.label_smoothing)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step + 1 in curve_steps(STEPS):
            test(network, data)


@torch.no_grad()
def test(network: nn.Module, data: TensorImages) -> None:
    network.eval()
    for pictures, labels in data.test_batches(TESTED):
        int((network(pictures.to(DEVICE)).argmax(1) == labels.to(DEVICE)).sum())
    network.train()


def check(data: TensorImages) -> None:
    """Both end with the same weights."""
    networks = [fresh(), fresh()]
    for loop, network in zip((ours, bare), networks, strict=True):
        loop(network, data)
    mine, its = (network.state_dict() for network in networks)
    same = [torch.equal(mine[name], its[name]) for name in mine]
    if not all(same) and DEVICE.type == "cpu":
        sys.exit("the two loops end with other weights")
    print(f"{sum(same)} of {len(same)} tensors of the trained network are the same bits in both")


def main() -> None:
    options = arguments(__doc__)
    keep_freed_memory()
    where = torch.cuda.get_device_name() if DEVICE.type == "cuda" else "CPU"
    print(f"{STEPS} steps of {SETTINGS.batch_size} images, {where}, {machine()}")
    data = images()
    check(data)
    spent: dict[str, list[float]] = {"ours": [], "bare PyTorch": []}

    def timed(name: str, loop: Loop) -> Callable[[], None]:
        network = fresh()

        def run() -> None:
            start = time.process_time()
            loop(network, data)
            spent[name].append(1e3 * (time.process_time() - start))

        return run

    peers = {name: timed(name, loop) for name, loop in zip(spent, (ours, bare), strict=True)}
    times = medians(peers, seconds=12, rounds=12)
    processor = {name: statistics.median(found) for name, found in spent.items()}
    for name in times:
        print(
            f"{name:16} {times[name] / STEPS:8.2f} ms a step, "
            f"{processor[name] / STEPS:8.2f} ms of the processor"
        )
    found = [
        goal(f"{what}: ours / bare PyTorch", mine / its, "<=", 1.05)
        for what, (mine, its) in (
            ("time of the training loop", times.values()),
            ("the processor's, which other work does not take", processor.values()),
        )
    ]
    figures = {"milliseconds": times, "milliseconds of the processor": processor, "goals": found}
    write(options.json, figures)


if __name__ == "__main__":
    main()
