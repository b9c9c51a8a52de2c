"""Batch normalisation together with what follows it, while a network trains on the CPU.

The modules stay torch's own, so that whatever is done to a network finds them: hooks, conversions,
tracers. Where one of these is at work, in evaluation, or where the kernel cannot run, the modules
are called one after the other.
"""

from itertools import pairwise
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from involution_core.backends.native import native_norm
from involution_core.backends.native.native_norm import Gradients, Running


def normalised(
    norm: nn.Module, x: Tensor, relu: nn.Module | None = None, added: Tensor | None = None
) -> Tensor:
    """`relu(norm(x) + added)`, in one pass where that can be had.

    Args:
        norm: The normalisation; one pass takes a `torch.nn.BatchNorm2d` with weight and bias.
        x: The map, shape (N, C, H, W).
        relu: What follows, a `torch.nn.ReLU`. Default None, nothing.
        added: What is added in between, of x's shape. Default None, nothing.

    Returns:
        The map, shape (N, C, H, W).

    Raises:
        ValueError: As `norm` does, for a batch of one value a channel.
    """
    if isinstance(norm, nn.BatchNorm2d) and _fuses(norm, relu) and _runs(x, added):
        return _one_pass(norm, x, relu is not None, added)
    y = norm(x)
    if added is not None:
        y = y + added
    return y if relu is None else relu(y)


class NormalisedSequential(nn.Sequential):
    """A `torch.nn.Sequential` that runs every BatchNorm with the ReLU behind it as `normalised`."""

    def forward(self, x: Tensor) -> Tensor:
        """Applies the modules in their order.

        Args:
            x: The input of the first.

        Returns:
            The output of the last.
        """
        skipped = False
        for module, following in pairwise([*self, None]):
            if skipped:
                skipped = False
            elif isinstance(module, nn.BatchNorm2d):
                skipped = isinstance(following, nn.ReLU)
                x = normalised(module, x, following if skipped else None)
            else:
                x = module(x)
        return x


def _fuses(norm: nn.BatchNorm2d, relu: nn.Module | None) -> bool:
    """Whether these modules do no more than one pass does."""
    return (
        type(norm) is nn.BatchNorm2d
        and norm.training
        and norm.affine
        and norm.momentum is not None
        and (relu is None or type(relu) is nn.ReLU)
        and not any(_watched(module) for module in (norm, relu) if module is not None)
    )


def _watched(module: nn.Module) -> bool:
    return bool(
        module._forward_hooks
        or module._forward_pre_hooks
        or module._backward_hooks
        or module._backward_pre_hooks
    )


def _runs(x: Tensor, added: Tensor | None) -> bool:
    """Whether the kernel can run here and now; under a tracer or a transform it cannot."""
    if torch.compiler.is_compiling() or not isinstance(x, Tensor) or torch.jit.is_tracing():
        return False
    if torch._C._functorch.peek_interpreter_stack() is not None or torch.is_autocast_enabled("cpu"):
        return False
    fits = added is None or (added.shape == x.shape and added.dtype == x.dtype)
    return fits and all(native_norm.runs_for(y) for y in (x, added) if y is not None)


def _one_pass(norm: nn.BatchNorm2d, x: Tensor, relu: bool, added: Tensor | None) -> Tensor:
    if x.numel() == x.shape[1]:
        raise ValueError(f"Expected more than 1 value per channel when training, got {x.shape}")
    running = None
    mean, variance, batches = norm.running_mean, norm.running_var, norm.num_batches_tracked
    if mean is not None and variance is not None and batches is not None:
        assert norm.momentum is not None
        batches.add_(1)
        running = Running(mean, variance, norm.momentum)
    return _Normalised.apply(x, added, norm.weight, norm.bias, running, relu, norm.eps)


class _Normalised(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        added: Tensor | None,
        gamma: Tensor,
        beta: Tensor,
        running: Running | None,
        relu: bool,
        epsilon: float,
    ) -> Tensor:
        out, saved = native_norm.forward(x, added, gamma, beta, running, relu, epsilon)
        ctx.save_for_backward(x, gamma, beta, out, saved)
        ctx.relu, ctx.epsilon, ctx.has_added = relu, epsilon, added is not None
        return out

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Any:
        x, gamma, _, out, saved = ctx.saved_tensors
        if torch.is_grad_enabled():  # the gradients will be differentiated themselves
            found = _by_torch(ctx, grad)
        else:
            grad = grad.contiguous(memory_format=torch.channels_last)
            found = native_norm.backward(grad, x, out, gamma, saved, ctx.relu, ctx.has_added)
        return (*found, None, None, None)


def _by_torch(ctx: Any, grad: Tensor) -> Gradients:
    """The gradients of `_Normalised`, made of torch's operators, which can be differentiated."""
    x, gamma, beta, out, _ = ctx.saved_tensors
    passed = grad * (out > 0) if ctx.relu else grad
    y = F.batch_norm(x, None, None, gamma, beta, training=True, eps=ctx.epsilon)
    operands = [operand for operand in (x, gamma, beta) if operand.requires_grad]
    found = dict(
        zip(operands, torch.autograd.grad(y, operands, passed, create_graph=True), strict=True)
    )
    by_x, by_gamma, by_beta = map(found.get, (x, gamma, beta))
    return Gradients(by_x, passed if ctx.has_added else None, by_gamma, by_beta)
