"""Images where the network is."""

import pytest
import torch
from pictures import held, read

from ablations.data.images import CPU, ROOM, on_device, place_of
from ablations.data.resized_images import ResizedImages

META, CUDA = torch.device("meta"), torch.device("cuda", 0)


def all_batches(data):
    return [*data.train_epoch(1, 2, 7, 1), *data.test_batches(7), *data.curve_batches(7)]


@pytest.mark.parametrize("data", [held(), ResizedImages(held(), 12)], ids=["as is", "resized"])
def test_images_in_memory_lie_on_the_device(data):
    placed = data.placed(META)
    for here, there in zip(all_batches(data), all_batches(placed), strict=True):
        assert [tensor.device for tensor in there] == [META, META]
        assert [tensor.shape for tensor in there] == [tensor.shape for tensor in here]
        assert there[0].is_contiguous(memory_format=torch.channels_last)
    assert placed.fingerprint == data.fingerprint
    assert all(tensor.device == CPU for batch in all_batches(data) for tensor in batch)


def test_images_that_are_read_come_from_the_computers_memory():
    for pictures, labels in all_batches(read().placed(META)):
        assert pictures.is_contiguous(memory_format=torch.channels_last)
        assert (pictures.device, labels.device) == (CPU, CPU)


def test_a_gpu_without_room_gets_them_batch_by_batch(monkeypatch):
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (1000, 8000))
    assert place_of(1000 // ROOM, CUDA) == CUDA
    assert place_of(1000 // ROOM + 1, CUDA) == CPU


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("make", [held, read])
def test_a_gpu_gets_the_same_images(make):
    batches = all_batches(make().placed(CUDA))
    assert make is held or all(tensor.is_pinned() for batch in batches for tensor in batch)
    for here, there in zip(all_batches(make()), batches, strict=True):
        for one, other in zip(here, on_device(there, CUDA), strict=True):
            assert torch.equal(one, other.cpu())
