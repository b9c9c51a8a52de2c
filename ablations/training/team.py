"""The processes that train one trial together, as the training sees them."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeVar

from torch import Tensor, nn

from ablations.data.share import WHOLE, Share

T = TypeVar("T")

Forward = Callable[[Tensor], Tensor]


class Team:
    """A team of one, to which all of this means nothing. Every process of a team makes the same
    calls in the same order.

    Attributes:
        share: What this process takes of each batch.
    """

    share: Share = WHOLE

    @property
    def leads(self) -> bool:
        """Whether this process is the one that is told what to do and keeps what comes of it."""
        return self.share.number == 0

    def prepared(self, network: nn.Module) -> nn.Module:
        """The network, its BatchNorms such that they see the whole batch; to be called before it
        moves to its device.

        Raises:
            TrialFailed: Where one cannot be made so.
        """
        return network

    def wrapped(self, network: nn.Module) -> Forward:
        """What a step calls in place of the network, so that gradients become sums over all."""
        return network

    def keeping_apart(self, forward: Forward, apart: bool) -> AbstractContextManager[object]:
        """Around forward and backward of one batch; apart: whether gradients are not yet passed
        on, since more batches of the step follow."""
        return nullcontext()

    def summed(self, part: Tensor) -> Tensor:
        """The sum over all processes, of any shape; `part` may be overwritten."""
        return part

    def agreed(self, said: bool) -> bool:
        """What the leader said."""
        return said

    def handed_out(self, value: T) -> T:
        """The leader's value; tensors and plain values."""
        return value

    def align(self, networks: Sequence[nn.Module]) -> None:
        """Gives all processes the leader's buffers."""

    def drawing(self, seed: int, step: int) -> AbstractContextManager[object]:
        """Around a step: what a network draws in it."""
        return nullcontext()


ALONE = Team()
