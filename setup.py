"""The compiled kernel: a plain C library, so that one wheel serves every Python.

Without a compiler the wheel has no kernel, is for every machine, and the operator runs on PyTorch.
"""

from pathlib import Path

from setuptools import Extension, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build_ext import build_ext

KERNEL = Extension(
    "involution_core.backends.native._kernel",
    sources=["involution_core/backends/native/kernel.cpp"],
    depends=sorted(map(str, Path("involution_core/backends/native").glob("*.h"))),
    optional=True,
    language="c++",
    extra_compile_args=[
        *("-std=c++17", "-O3", "-g0", "-ffp-contract=fast", "-fvisibility=hidden"),
        *("-pthread", "-Wno-psabi"),
    ],
    extra_link_args=["-pthread"],
)


class BuildKernel(build_ext):
    """Names the library without an interpreter's tag."""

    def get_ext_filename(self, fullname):
        return fullname.replace(".", "/") + ".so"


class AnyPython(bdist_wheel):
    """A wheel for every Python 3; of this machine's kind where it holds the kernel."""

    def get_tag(self):
        library = Path(self.get_finalized_command("build_ext").get_ext_fullpath(KERNEL.name))
        return "py3", "none", super().get_tag()[2] if library.exists() else "any"


setup(ext_modules=[KERNEL], cmdclass={"build_ext": BuildKernel, "bdist_wheel": AnyPython})
