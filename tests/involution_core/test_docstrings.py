"""The public docstrings: complete, and their examples run."""

import doctest
import importlib
import inspect
import warnings
from dataclasses import is_dataclass
from typing import is_typeddict

import pytest

import involution_core

with warnings.catch_warnings():  # an example imports it, which warns of torch's own deprecations
    warnings.simplefilter("ignore")
    import fvcore.nn  # noqa: F401

MODULES = sorted(
    {
        *involution_core._HOME.values(),
        *("generators.forms", "operator.shapes", "backends.table"),
    }
)
BUILDERS = {name.replace("-", "_") for name in involution_core.ARCHITECTURES}
"""Their docstrings point to `RedNet` and `ResNet`, whose options they take."""


def documented(module):
    """Public functions and classes of a module, and the public methods that they define."""
    for name, thing in vars(module).items():
        if name.startswith("_") or getattr(thing, "__module__", None) != module.__name__:
            continue
        if name in BUILDERS or is_typeddict(thing):
            continue
        if inspect.isfunction(thing):
            yield name, thing
        elif inspect.isclass(thing) and not issubclass(thing, tuple):
            yield name, thing
            for method, function in vars(thing).items():
                if inspect.isfunction(function) and not function.__name__.startswith("_"):
                    yield f"{name}.{method}", function


def test_every_name_that_loads_on_use_is_public():
    assert sorted(involution_core.__all__) == sorted(involution_core._HOME)


@pytest.mark.parametrize("module", ["involution_core", *(f"involution_core.{m}" for m in MODULES)])
def test_examples_run(module):
    assert doctest.testmod(importlib.import_module(module)).failed == 0


@pytest.mark.parametrize("name", involution_core.__all__)
def test_every_public_name_has_an_example_and_a_reference(name):
    thing = getattr(involution_core, name)
    if callable(thing) and name not in BUILDERS:
        assert ">>>" in thing.__doc__
        assert "References:" in thing.__doc__


@pytest.mark.parametrize("module", MODULES)
def test_every_argument_and_result_is_described(module):
    found = list(documented(importlib.import_module(f"involution_core.{module}")))
    assert found or module == "networks.architectures"
    for name, thing in found:
        assert thing.__doc__, name
        function = thing.__init__ if inspect.isclass(thing) else thing
        arguments = [a for a in inspect.signature(function).parameters if a != "self"]
        heading = "Attributes:" if is_dataclass(thing) else "Args:"
        assert not arguments or heading in thing.__doc__, name
        for argument in arguments:
            assert f" {argument}: " in thing.__doc__ or f"**{argument}: " in thing.__doc__, name
        if arguments and inspect.isfunction(thing) and thing.__annotations__["return"] is not None:
            assert "Returns:" in thing.__doc__, name
