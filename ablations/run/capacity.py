"""How many trials this machine can run at a time."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

import torch
from torch import Tensor

from ablations.cores import usable_cores
from ablations.data.images import ImageData
from ablations.data.seeding import drawing_from
from ablations.study.run_settings import AUTO
from ablations.training.data_sets import DataSets
from ablations.training.network import initial_network
from ablations.training.trial_spec import Spec

PROCESS_BYTES = 600 * 2**20
"""Of a process in which torch is loaded and nothing is trained."""

WORK_SPACE = 2
"""A training step holds about so many times what backpropagation keeps: gradients of activations
come on top, and what an operator needs while it works."""

COPIES = 4
"""Of every parameter: itself, its gradient, and up to two averages of the optimizer."""


def choose_jobs(jobs: str, specs: Sequence[Spec], data_sets: DataSets, device: torch.device) -> int:
    """Trials at a time; 0: one at a time, in this process.

    Args:
        jobs: Of RunSettings.
        specs: What is to be trained.
        data_sets: Their images.
        device: Where.
    """
    return auto_jobs(specs, data_sets, device) if jobs == AUTO else int(jobs)


def auto_jobs(specs: Sequence[Spec], data_sets: DataSets, device: torch.device) -> int:
    """As many as there are cores for that this process may use, fewer where so many would need more
    memory than is free; one where a graphics card trains, whose memory they would share."""
    if device.type == "cuda" or not specs:
        return 1
    by_cores = usable_cores() // max(spec.settings.cores for spec in specs)
    free = free_memory()
    if by_cores <= 1 or free is None:
        return max(1, by_cores)
    unlike = {
        (s.variant.network, s.settings.model, s.settings.dataset, s.settings.batch_size): s
        for s in specs
    }.values()
    needed = max(needed_memory(spec, data_sets.of(spec)) for spec in unlike)
    return max(1, min(by_cores, free // needed))


def free_memory() -> int | None:
    """Bytes that can still be taken, here and in this process' group; None where nobody says."""
    found = [*_free_of_machine(), *_free_of_group(Path("/sys/fs/cgroup"))]
    return min(found, default=None)


def _free_of_machine() -> Iterable[int]:
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return  # not Linux
    for line in lines:
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            yield int(value.split()[0]) * 1024


def _free_of_group(folder: Path) -> Iterable[int]:
    """What a container may still take."""
    try:
        most, taken = ((folder / f"memory.{name}").read_text() for name in ("max", "current"))
        cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except OSError:
        return
    if most.strip() != "max":
        yield int(most) - int(taken) + int(cached.get("inactive_file", 0))


def needed_memory(spec: Spec, data: ImageData) -> int:
    """About the bytes of the processes that train it: torch, the images held, copies of the
    parameters, and what backpropagation keeps of their batch, as one image through the network
    shows.

    Where the network cannot be run it is what is known without.
    """
    settings, processes = spec.settings, spec.settings.processes
    try:
        network = initial_network(spec.variant, settings, data.classes, seed=0).eval()
    except (Exception, SystemExit):  # a user's code; its trial tells what it is
        return processes * (PROCESS_BYTES + data.held_bytes)
    held = sum(parameter.nbytes for parameter in network.parameters())
    own = {parameter.untyped_storage().data_ptr() for parameter in network.parameters()}
    kept: dict[int, int] = {}  # storage -> bytes

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in own:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    image = torch.zeros(1, 3, data.image_size, data.image_size)
    hooks = torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor)
    with hooks, drawing_from(), suppress(Exception, SystemExit):
        network(image)
    batch = settings.share_of(min(settings.batch_size, data.train_size))
    work = COPIES * held + WORK_SPACE * batch * sum(kept.values())
    return processes * (PROCESS_BYTES + data.held_bytes + work)
