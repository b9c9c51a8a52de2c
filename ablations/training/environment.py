"""The environment of a measurement: versions, hardware, code."""

import hashlib
import os
import platform
import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from involution_core.backends.table import choose_backend

PACKAGES = ("involution-ablate", "torch", "torchvision", "fvcore", "numpy", "scikit-learn")


def describe_environment(device: torch.device) -> dict[str, str]:
    """Return versions, hardware and source revision, as text.

    `records.environments.DECIDING` names the parts that decide which trials are paired.
    """
    described = {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "device": _device_name(device),
        "threads": str(torch.get_num_threads()),
        "instruction set": torch.backends.cpu.get_cpu_capability(),
        "backend": choose_backend(None, device, torch.float32).name,
        "training code": training_code(),
    }
    for package in PACKAGES:
        described[package] = _version(package)
    revision = _revision()
    if revision:
        described["source revision"] = revision
    return described


CODE = ("involution_core", "ablations/data", "ablations/networks", "ablations/training")
"""Folders whose code decides the numbers of a trial."""


@cache
def training_code() -> str:
    """Return a digest of the code that trains, with the compiled kernel."""
    root, digest = Path(__file__).resolve().parents[2], hashlib.sha256()
    for folder in CODE:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".py", ".so"):
                digest.update(f"{file.relative_to(root)}\0".encode() + file.read_bytes())
    return digest.hexdigest()[:12]


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device_name(device: torch.device) -> str:
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"CPU, {_cpu_model()}, {os.cpu_count()} cores"


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text("utf-8", "replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _revision() -> str | None:
    """Return the commit of the checkout of this file, None outside of a checkout."""
    here = Path(__file__).resolve().parents[2]
    if not (here / ".git").exists():
        return None
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=12"],
            cwd=here,
            capture_output=True,
            text=True,
            timeout=10,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return described.stdout.strip() or None
