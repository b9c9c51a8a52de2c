"""BatchNorm over the batch of several processes."""

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.modules.batchnorm import _BatchNorm

from ablations.errors import TrialFailed

KINDS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class SyncedBatchNorm(_BatchNorm):
    """nn.SyncBatchNorm for the CPU, which that does not take.

    Processes may have different numbers of images, or none.
    """

    def _check_input_dim(self, input: Tensor) -> None:
        """Any is right: it was there before this was put in place."""

    def forward(self, input: Tensor) -> Tensor:
        if not self.training:
            return super().forward(input)
        scaled: Tensor
        scaled, mean, variance, count = _Normalised.apply(input, self.weight, self.bias, self.eps)
        if self.track_running_stats:
            self._track(mean, variance * (count / (count - 1)))
        return scaled

    @torch.no_grad()
    def _track(self, mean: Tensor, variance: Tensor) -> None:
        """Moves the running statistics as BatchNorm does; variance: the unbiased one."""
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None and self.running_var is not None
        self.num_batches_tracked.add_(1)
        share = 1 / self.num_batches_tracked.item() if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean.to(self.running_mean.dtype), share)
        self.running_var.lerp_(variance.to(self.running_var.dtype), share)


class _Normalised(torch.autograd.Function):
    """(x, weight, bias, eps) -> x of these processes normalised, and mean, biased variance and
    count, by which it is. The sums of Ioffe and Szegedy, arXiv:1502.03167, with one exchange
    forward and one backward, as in torch's."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor | None, bias: Tensor | None, eps: float
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        mean, variance, count = _statistics(x.float())
        if count <= 1:  # as BatchNorm says
            raise ValueError(
                f"Expected more than 1 value per channel when training, got input size {x.size()}"
            )
        scaled = torch.batch_norm(
            x, weight, bias, mean, variance, False, 0.0, eps, torch.backends.cudnn.enabled
        )
        ctx.save_for_backward(x, weight, mean, torch.rsqrt(variance + eps), count)
        ctx.mark_non_differentiable(mean, variance, count)
        return scaled, mean, variance, count

    @staticmethod
    @once_differentiable
    def backward(
        ctx: Any, grad: Tensor, *_: Tensor
    ) -> tuple[Tensor, Tensor | None, Tensor | None, None]:
        x, weight, mean, scale, count = ctx.saved_tensors
        grads, centred = grad.float(), x.float() - _along(mean, x)
        others = _all_but_channels(x)
        mine = torch.stack([grads.sum(others), (grads * centred).sum(others)])
        to_bias, to_weight = mine[0].clone(), mine[1] * scale
        dist.all_reduce(mine)
        mean_grad, mean_product = mine / count
        grads = grads - _along(mean_grad, x) - centred * _along(mean_product * scale**2, x)
        if weight is None:
            return (grads * _along(scale, x)).to(x.dtype), None, None, None
        to_x = (grads * _along(scale * weight.float(), x)).to(x.dtype)
        return to_x, to_weight.to(weight.dtype), to_bias.to(weight.dtype), None


def _statistics(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Mean (C,), biased variance (C,) and count () of all processes' values.

    Each sends its own; they are put together without a difference of large sums.
    """
    own = x.new_zeros(3, x.shape[1])
    if x.numel():
        own[1], own[0] = torch.var_mean(x, _all_but_channels(x), correction=0)
        own[2] = x.numel() // x.shape[1]
    found = [torch.empty_like(own) for _ in range(dist.get_world_size())]
    dist.all_gather(found, own)
    means, variances, counts = torch.stack(found).unbind(1)
    count = counts.sum(0)
    mean = (counts * means).sum(0) / count
    variance = (counts * (variances + (means - mean) ** 2)).sum(0) / count
    return mean, variance, count[0]


def _all_but_channels(x: Tensor) -> list[int]:
    return [0, *range(2, x.ndim)]


def _along(values: Tensor, x: Tensor) -> Tensor:
    """Values of the channels, so that they are broadcast over x."""
    return values.view(-1, *[1] * (x.ndim - 2))


def synchronise(network: nn.Module, device: torch.device) -> nn.Module:
    """The network with every BatchNorm replaced, its parameters and buffers kept: in place, unless
    it is one itself.

    Args:
        network: Wherever it is.
        device: Where it will be.

    Raises:
        TrialFailed: For a subclass of BatchNorm, which may do more.
    """
    kind = nn.SyncBatchNorm if device.type == "cuda" else SyncedBatchNorm
    norms = [module for module in network.modules() if isinstance(module, _BatchNorm)]
    found: dict[nn.Module, nn.Module] = {norm: _synced(norm, kind) for norm in norms}
    for module in list(network.modules()):
        for name, child in module._modules.items():
            if child in found:  # under all of its names
                setattr(module, name, found[child])
    return found.get(network, network)


def _synced(norm: _BatchNorm, kind: type[_BatchNorm]) -> _BatchNorm:
    if type(norm) not in KINDS:
        name = f"{type(norm).__module__}.{type(norm).__qualname__}"
        raise TrialFailed(f"{name} cannot see the batch of several processes, as BatchNorm can")
    synced = kind(norm.num_features, norm.eps, norm.momentum, norm.affine, norm.track_running_stats)
    synced._parameters, synced._buffers = norm._parameters, norm._buffers
    return synced.train(norm.training)
