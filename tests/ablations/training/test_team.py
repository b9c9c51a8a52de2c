"""What a team of processes does to a network; trials of several processes are in test_together."""

import pytest
import torch
from torch import nn

from ablations.data.images import Share
from ablations.errors import TrialFailed
from ablations.training.team import ALONE, Ranks, synchronised

CUDA = Ranks(Share(0, 2), torch.device("cuda"), own_code=False)
CPU = Ranks(Share(1, 2), torch.device("cpu"), own_code=False)


def test_on_the_cpu_and_alone_each_process_keeps_its_batch_norms():
    class Own(nn.BatchNorm2d):
        pass

    network = nn.Sequential(nn.BatchNorm2d(4), Own(4))
    for team in (ALONE, CPU):
        assert team.synchronised(network) is network
        assert [type(norm) for norm in network] == [nn.BatchNorm2d, Own]


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"momentum": None, "eps": 0.1},
                                     {"track_running_stats": False}])  # fmt: skip
@pytest.mark.parametrize("kind", [nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d])
def test_on_gpus_batch_norm_is_torchs_synchronised_one(kind, options):
    norm = kind(4, **options)
    found = CUDA.synchronised(norm)
    assert type(found) is nn.SyncBatchNorm
    assert found.state_dict().keys() == norm.state_dict().keys()
    for name in ("eps", "momentum", "affine", "track_running_stats"):
        assert getattr(found, name) == getattr(norm, name)
    assert type(CUDA.synchronised(found)) is nn.SyncBatchNorm


def test_a_norm_keeps_its_names_and_its_place():
    shared = nn.BatchNorm2d(4)
    network = nn.ModuleDict({"a": shared, "b": nn.Sequential(shared, nn.GroupNorm(2, 4))})
    before = dict(network.named_parameters(remove_duplicate=False))
    buffers = dict(network.named_buffers(remove_duplicate=False))
    found = synchronised(network.eval())
    assert found is network and type(found["a"]) is type(found["b"][0]) is nn.SyncBatchNorm
    assert not found["a"].training
    after = dict(network.named_parameters(remove_duplicate=False))
    assert all(after[name] is value for name, value in before.items())
    assert len(after) == len(before)
    kept = dict(network.named_buffers(remove_duplicate=False))
    assert all(kept[name] is value for name, value in buffers.items())


def test_a_kind_that_may_do_more_is_refused():
    class Own(nn.BatchNorm2d):
        pass

    with pytest.raises(TrialFailed, match="Own cannot be replaced by SyncBatchNorm"):
        synchronised(nn.Sequential(Own(4)))
