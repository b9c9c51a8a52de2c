"""The involution layer in a small network: a few training steps under autocast.

`python examples/layer.py` takes seconds on a CPU. With `--compile` the same runs through
`torch.compile`, which needs a C++ compiler.
"""

import argparse

import torch
import torch.nn.functional as F
from torch import nn

from involution_core import Involution


def block(channels: int, out_channels: int) -> nn.Sequential:
    """An involution for the spatial part, a 1x1 convolution to mix channels."""
    return nn.Sequential(
        Involution(channels, kernel_size=7, stride=2, group_channels=16),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.Conv2d(channels, out_channels, 1, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU(),
    )


def main() -> None:
    """Trains on random images and prints the loss of each step."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=5, help="training steps")
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    options = parser.parse_args()

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    network = nn.Sequential(
        nn.Conv2d(3, 32, 3, 2, 1),
        block(32, 64),
        block(64, 128),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(128, 10),
    ).to(device)
    step = torch.compile(network) if options.compile else network
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05, momentum=0.9)

    images = torch.randn(16, 3, 32, 32, device=device)  # stand-ins for a data set
    labels = torch.randint(0, 10, (16,), device=device)
    for number in range(1, options.steps + 1):
        with torch.autocast(device, torch.bfloat16):
            loss = F.cross_entropy(step(images), labels)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        print(f"step {number}: loss {loss.item():.3f}")


if __name__ == "__main__":
    main()
