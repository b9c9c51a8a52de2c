"""BatchNorm of several processes, here of one; trials of several hold it against BatchNorm, too."""

import copy

import pytest
import torch
import torch.distributed as dist
from torch import nn

from ablations.errors import TrialFailed
from ablations.training.synced_norm import SyncedBatchNorm, synchronise

CPU = torch.device("cpu")
SHAPES = {nn.BatchNorm1d: (6, 4), nn.BatchNorm2d: (3, 4, 5, 6), nn.BatchNorm3d: (2, 4, 3, 2, 2)}


@pytest.fixture(autouse=True)
def alone(tmp_path):
    meeting = (tmp_path / "meeting").as_uri()
    dist.init_process_group("gloo", init_method=meeting, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


@pytest.mark.parametrize("options", [{}, {"affine": False}, {"momentum": None, "eps": 0.1},
                                     {"track_running_stats": False}])  # fmt: skip
@pytest.mark.parametrize("kind", SHAPES)
def test_it_is_batch_norm(kind, options):
    torch.manual_seed(0)
    expected = kind(4, **options)
    for parameter in expected.parameters():
        nn.init.normal_(parameter)
    found = synchronise(copy.deepcopy(expected), CPU)
    assert isinstance(found, SyncedBatchNorm)
    assert found.state_dict().keys() == expected.state_dict().keys()
    for _ in range(2):
        inputs = [100 + torch.randn(SHAPES[kind])] * 2
        inputs = [each.clone().requires_grad_() for each in inputs]
        outputs = [norm(each) for norm, each in zip((expected, found), inputs, strict=True)]
        weights = torch.randn(SHAPES[kind])
        for output in outputs:
            (output * weights).sum().backward()
        torch.testing.assert_close(outputs[1], outputs[0], rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(inputs[1].grad, inputs[0].grad, rtol=1e-4, atol=1e-4)
    for mine, its in zip(found.parameters(), expected.parameters(), strict=True):
        torch.testing.assert_close(mine.grad, its.grad, rtol=1e-4, atol=1e-4)
    for name, value in expected.state_dict().items():
        torch.testing.assert_close(found.state_dict()[name], value)
    tested = torch.randn(SHAPES[kind])
    torch.testing.assert_close(found.eval()(tested), expected.eval()(tested))


def test_half_precision_stays_and_is_summed_in_single():
    x = 100 + torch.randn(64, 4, 5, 5)
    norm = synchronise(nn.BatchNorm2d(4), CPU)
    half = x.bfloat16().requires_grad_()
    output = norm(half)
    assert output.dtype == torch.bfloat16
    output.sum().backward()
    assert half.grad.dtype == torch.bfloat16 and norm.weight.grad.dtype == torch.float32
    single = nn.BatchNorm2d(4)(half.detach().float())
    torch.testing.assert_close(output.float(), single, rtol=0.01, atol=0.01)


def test_one_value_has_no_variance():
    with pytest.raises(ValueError, match="more than 1 value per channel"):
        synchronise(nn.BatchNorm1d(4), CPU)(torch.ones(1, 4))


def test_a_norm_keeps_its_names_and_its_place():
    shared = nn.BatchNorm2d(4)
    network = nn.ModuleDict({"a": shared, "b": nn.Sequential(shared, nn.GroupNorm(2, 4))})
    before = dict(network.named_parameters(remove_duplicate=False))
    found = synchronise(network.eval(), CPU)
    assert found is network and found["a"] is found["b"][0] is not shared
    assert not found["a"].training
    after = dict(network.named_parameters(remove_duplicate=False))
    assert all(after[name] is value for name, value in before.items())
    assert len(after) == len(before)


def test_on_graphics_cards_it_is_torchs():
    assert type(synchronise(nn.BatchNorm2d(4), torch.device("cuda"))) is nn.SyncBatchNorm


def test_a_kind_that_may_do_more_is_refused():
    class Own(nn.BatchNorm2d):
        pass

    with pytest.raises(TrialFailed, match="Own cannot see the batch of several processes"):
        synchronise(nn.Sequential(Own(4)), CPU)
