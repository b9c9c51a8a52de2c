"""What a kernel is called with, and what follows from it."""

from dataclasses import dataclass

from torch import Tensor

from involution_core.operator.shapes import Pair, Window


@dataclass(frozen=True)
class Call:
    """One call of the operator or of an adjoint.

    Shapes: x (N, C, H, W), weight (N, G, Kh, Kw, Ho, Wo), output and grad (N, C, Ho, Wo).

    Attributes:
        kernel: "forward" with (x, weight, output), "grad_input" with (grad, weight, its result) or
            "grad_weight" with (grad, x, its result).
        tensors: The operands, and the result to be written.
        size: (H, W).
        window: The operator's.
    """

    kernel: str
    tensors: tuple[Tensor, Tensor, Tensor]
    size: Pair
    window: Window

    @property
    def weight(self) -> Tensor:
        return self.tensors[2 if self.kernel == "grad_weight" else 1]

    @property
    def maps(self) -> list[Tensor]:
        """The operands and results of C channels."""
        return [tensor for tensor in self.tensors if tensor is not self.weight]

    @property
    def groups(self) -> int:
        return self.weight.shape[1]

    @property
    def shared(self) -> int:
        """Channels of a group."""
        return self.tensors[0].shape[1] // self.groups

    @property
    def over(self) -> Pair:
        """Rows and columns of the pixels that programs share out: (H, W) or (Ho, Wo)."""
        return self.size if self.kernel == "grad_input" else self.window.output_size(self.size)

    @property
    def window_constants(self) -> dict[str, int]:
        """Window, as the kernels that are compiled for it name it."""
        pairs = zip("KSPD", self.window, strict=True)
        return {f"{of}{axis}": n for of, pair in pairs for axis, n in zip("HW", pair, strict=True)}
