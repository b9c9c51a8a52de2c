"""What cannot be run to be counted says what can."""

import pytest
import torch
from torch import nn

from ablations.costs.counters import macs_by_counter


def compiled_in_place(network):
    network.compile(backend="eager")
    return network


@pytest.mark.parametrize(
    "make",
    [
        lambda network, x: torch.compile(network, backend="eager"),
        lambda network, x: nn.Sequential(torch.compile(network, backend="eager")),
        lambda network, x: compiled_in_place(network),
        lambda network, x: torch.export.export(network, (x,)),
        lambda network, x: torch.export.export(network, (x,)).module(),
        lambda network, x: torch.jit.trace(network, x),
        lambda network, x: network.forward,
    ],
)
@pytest.mark.filterwarnings("ignore:.torch.jit.trace:FutureWarning")
def test_what_torch_made_of_a_module_is_refused(make):
    x = torch.zeros(1, 3, 8, 8)
    with pytest.raises(TypeError, match="cannot be counted; count the module itself, as it is bef"):
        macs_by_counter(make(nn.Sequential(nn.Conv2d(3, 4, 1)).eval(), x), x)
