import subprocess
import sys

import pytest
import torch
from torch.func import vmap
from torch.utils.flop_counter import FlopCounterMode

from involution_core.operator import route as routes
from involution_core.operator.route import Route, route_of
from involution_core.operator.torch_state import PRIVATE, missing_names

X = torch.ones(2, 3)


def test_a_call_that_is_only_computed_goes_straight_to_the_kernel():
    assert route_of(X, X, composed=False) is route_of(X, X, composed=True) is Route.DIRECT


def test_a_counted_call_is_an_operator():
    with FlopCounterMode(display=False):
        assert route_of(X, X, composed=True) is Route.OPERATOR
    assert route_of(X.to("meta"), X.to("meta"), composed=False) is Route.OPERATOR


def test_a_transformed_call_is_an_autograd_function_of_torch_func():
    found = []
    vmap(lambda x: found.append(route_of(x, x, composed=True)) or x)(X)
    assert found == [Route.TRANSFORM]


def test_an_exported_call_is_made_of_torchs_operators(monkeypatch):
    for name in ("is_exporting", "is_compiling"):
        monkeypatch.setattr(routes, name, lambda: True)
    monkeypatch.setattr(routes, "is_only_computed", lambda *operands: False)
    assert route_of(X, X, composed=True) is Route.COMPOSED
    assert route_of(X, X, composed=False) is Route.OPERATOR


def test_where_tangents_would_be_lost_a_backend_of_ours_is_refused(monkeypatch):
    monkeypatch.setattr(routes, "loses_tangents", lambda: True)
    monkeypatch.setattr(routes, "is_only_computed", lambda *operands: False)
    assert route_of(X, X, composed=True) is Route.COMPOSED
    with pytest.raises(ValueError, match="needs backend=None, 'shift' or 'unfold'"):
        route_of(X, X, composed=False)


def test_this_torch_has_every_private_name():
    assert missing_names() == []


def test_a_torch_that_lacks_a_private_name_computes_the_same():
    owner, _, name = f"torch.{PRIVATE['is_batched']}".rpartition(".")
    code = f"""
import torch
del {owner}.{name}
from involution_core import involution2d
from involution_core.operator.torch_state import KNOWN
assert not KNOWN
x = torch.randn(1, 4, 5, 5, dtype=torch.float64, requires_grad=True)
w = torch.randn(1, 9, 5, 5, dtype=torch.float64, requires_grad=True)
call = lambda backend: lambda x, w: involution2d(x, w, kernel_size=3, backend=backend)
torch.testing.assert_close(call(None)(x, w), call("unfold")(x, w))
assert torch.autograd.gradcheck(call("shift"), (x, w))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
