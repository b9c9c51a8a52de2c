import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from involution_core.backends.gpu import triton_backend as gpu

FILE = Path(__file__).with_name("gpu_cases.py")
FEW, ALL = 16, 30
"""Cases; the first few reach every kernel, and take the interpreter less time."""


def cases(device, number, **environment):
    done = subprocess.run(
        [sys.executable, str(FILE), device, str(number)],
        capture_output=True,
        text=True,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


KERNELS = {
    *("plain forward", "plain grad_input", "plain grad_weight"),
    *("rows forward", "rows grad_input", "tiles grad_weight"),
}


@pytest.mark.skipif(not gpu.HAS_TRITON, reason="the package triton is not installed")
@pytest.mark.parametrize("number", [FEW, pytest.param(ALL, marks=pytest.mark.torture)])
def test_kernels_under_the_interpreter(number):
    assert cases("cpu", number, TRITON_INTERPRET="1").keys() == KERNELS


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_kernels_on_the_device():
    assert cases("cuda", ALL).keys() == KERNELS


def test_reasons_are_given():
    cpu, cuda = torch.device("cpu"), torch.device("cuda")
    assert gpu.unavailable(cpu, torch.float32) == "it runs on a CUDA device, not on cpu"
    assert "not torch.float8_e5m2" in gpu.unavailable(cuda, torch.float8_e5m2)
