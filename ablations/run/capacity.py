"""How many trials this machine can train in parallel."""

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
"""Memory of a process that has imported torch and trains nothing."""

WORK_SPACE = 2
"""Memory of a training step, as a multiple of the tensors saved for backward: gradients of
activations and workspaces of operators come on top."""

COPIES = 4
"""Copies of each parameter: itself, its gradient, and up to two averages of the optimizer."""


def choose_jobs(jobs: str, specs: Sequence[Spec], data_sets: DataSets, device: torch.device) -> int:
    """Return how many trials run in parallel; 0 means one at a time, in this process.

    Args:
        jobs: `RunSettings.jobs`.
        specs: Trials to be trained.
        data_sets: Their images.
        device: Device that they are trained on.
    """
    return auto_jobs(specs, data_sets, device) if jobs == AUTO else int(jobs)


def auto_jobs(specs: Sequence[Spec], data_sets: DataSets, device: torch.device) -> int:
    """Return as many trials as the usable cores and the free memory allow.

    On a GPU it is one, since trials would share its memory.
    """
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
    """Return the bytes still free on the machine and in this process' cgroup; None if unknown."""
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
    """Yield the bytes that a container may still use."""
    try:
        most, taken = ((folder / f"memory.{name}").read_text() for name in ("max", "current"))
        cached = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
    except OSError:
        return
    if most.strip() != "max":
        yield int(most) - int(taken) + int(cached.get("inactive_file", 0))


def needed_memory(spec: Spec, data: ImageData) -> int:
    """Estimate the memory of the processes that train a trial, in bytes.

    Counts torch, the images held, the copies of the parameters, and what one image through the
    network saves for backward, times the batch. Leaves the last two out if a user's network fails.
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
