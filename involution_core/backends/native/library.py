"""Finds and loads the compiled kernel. It is a plain C library: no torch or Python headers."""

import ctypes
from pathlib import Path

import torch

PATH = Path(__file__).with_name("_kernel.so")
SUFFIXES = {torch.float32: "f32", torch.float64: "f64"}


class Library:
    """The loaded kernel. Calls release the interpreter lock and use torch's threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._c = ctypes.CDLL(str(path))
        self._c.involution_set_name.restype = ctypes.c_char_p
        self._c.involution_chosen.restype = ctypes.c_char_p
        self._c.involution_use_openmp(ctypes.c_void_p(_openmp_entry()))
        self.vector_bytes = self._c.involution_vector_bytes()
        self._functions = {}
        for operation in ("forward", "grad_input", "grad_weight"):
            for dtype, suffix in SUFFIXES.items():
                function = getattr(self._c, f"involution_{operation}_{suffix}")
                function.argtypes = [ctypes.c_void_p] * 4 + [ctypes.c_int64]
                function.restype = None
                self._functions[operation, dtype] = function

    @property
    def instruction_set(self) -> str:
        """Name of the instruction set in use."""
        return self._c.involution_chosen().decode()

    @property
    def instruction_sets(self) -> list[str]:
        """Names of the compiled instruction sets that this processor has, best first."""
        return [
            self._c.involution_set_name(i).decode()
            for i in range(self._c.involution_set_count())
            if self._c.involution_set_present(i)
        ]

    def use_instruction_set(self, name: str) -> None:
        """Run everything from now on with the set called `name`."""
        for i in range(self._c.involution_set_count()):
            if self._c.involution_set_name(i).decode() == name:
                self._c.involution_choose(i)
        self.vector_bytes = self._c.involution_vector_bytes()

    def lanes(self, dtype: torch.dtype) -> int:
        """Values of `dtype` in a vector register."""
        return self.vector_bytes // dtype.itemsize

    def call(self, operation: str, dtype: torch.dtype, shape: list[int], *data: int) -> None:
        """Run an operation; `data` are the addresses of two inputs and the output."""
        fields = (ctypes.c_int64 * len(shape))(*shape)
        self._functions[operation, dtype](fields, *data, torch.get_num_threads())


def _openmp_entry() -> int | None:
    """Return the entry point of torch's OpenMP runtime, so that both share one thread pool.

    Without it the kernel starts separate threads.
    """
    bundled = sorted((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    for name in [*map(str, bundled), None]:
        try:
            entry = ctypes.CDLL(name).GOMP_parallel
        except (OSError, AttributeError):
            continue
        return ctypes.cast(entry, ctypes.c_void_p).value
    return None


def load() -> Library | str:
    """The kernel, or the reason why there is none."""
    if not PATH.exists():
        return "the compiled kernel is missing: no C++ compiler at install, or the build failed"
    try:
        return Library(PATH)
    except (OSError, AttributeError) as error:
        return f"the compiled kernel does not load: {error}"
