"""The data sets that need no download: real handwritten digits, alone or among clutter.

scikit-learn ships 1,797 handwritten digits of 8x8 pixels (UCI, Alpaydin & Kaynak 1998). They are
split by source image first, and validation images are held out of the training ones. Then each is
scaled, rotated and placed at random on a 32x32 canvas with noise; in `digits-clutter` among
fragments of other digits of the same split. A network must find the digit's place and size, which a
larger kernel may help with.
"""

from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import Tensor

from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.image_sets import TensorImages
from ablations.data.images import Batch
from ablations.data.seeding import seeded

CANVAS = 32
TEST_SHARE = 0.25
NOISE = 0.05
SPLIT_SEED = 0
CANVAS_SEEDS = {"test": 1_000_000_007, "validation": 1_000_000_009}
"""Seeds unlike any trial's: the canvases of a split are the same for every trial."""


@dataclass(frozen=True)
class Task:
    """How canvases are composed.

    Attributes:
        name: Name of the data set.
        fragments: Fragments of other digits per canvas.
        sides: Smallest and largest side of a placed digit, pixels.
        placements: Test canvases per source image.
    """

    name: str
    fragments: int
    sides: tuple[float, float]
    placements: int

    @property
    def clutter(self) -> str:
        return "among clutter " if self.fragments else ""


TASKS = {
    task.name: task
    for task in (
        Task("digits", fragments=0, sides=(20, 28), placements=8),
        Task("digits-clutter", fragments=2, sides=(16, 24), placements=2),
    )
}
"""The first one is learned in seconds; the second one is harder and takes longer."""


@cache
def split_sources(split: str = "test") -> tuple[Batch, Batch]:
    """Return the source images (N, 1, 8, 8) in 0..1 with labels, for training and of `split`.

    They are disjoint; with "validation" neither contains a test image.
    """
    digits = load_digits()
    train, test = train_test_split(
        range(len(digits.target)),
        test_size=TEST_SHARE,
        random_state=SPLIT_SEED,
        stratify=digits.target,
    )
    images = torch.from_numpy(digits.images).float().unsqueeze(1) / 16
    labels = torch.from_numpy(digits.target).long()
    judged = test
    if split == "validation":
        kept, held = hold_out(labels[train].tolist(), [str(name) for name in digits.target_names])
        train, judged = [train[place] for place in kept], [train[place] for place in held]
    return (images[train], labels[train]), (images[judged], labels[judged])


def _uniform(low: float, high: float, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    return low + (high - low) * torch.rand(shape, generator=generator)


def _place(images: Tensor, task: Task, generator: torch.Generator) -> Tensor:
    """Scale each image, rotate it by up to 15 degrees and place it on a separate canvas."""
    n = len(images)
    scale = CANVAS / _uniform(*task.sides, (n,), generator)
    angle = _uniform(-0.26, 0.26, (n,), generator)
    reach = (1 - 1 / scale).unsqueeze(1)
    centre = _uniform(-1, 1, (n, 2), generator) * reach
    turn = torch.stack([angle.cos(), -angle.sin(), angle.sin(), angle.cos()], 1).view(n, 2, 2)
    turn = turn * scale.view(n, 1, 1)
    shift = -(turn @ centre.unsqueeze(2))
    grid = F.affine_grid(torch.cat([turn, shift], 2), [n, 1, CANVAS, CANVAS], align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def _fragments(sources: Tensor, n: int, generator: torch.Generator) -> Tensor:
    """Return n fragments of 4x4 pixels, each of a random source, on blank 8x8 images."""
    chosen = sources[torch.randint(len(sources), (n,), generator=generator)]
    top, left = torch.randint(5, (2, n, 1, 1, 1), generator=generator)
    row = torch.arange(8).view(1, 1, 8, 1)
    column = torch.arange(8).view(1, 1, 1, 8)
    inside = (row >= top) & (row < top + 4) & (column >= left) & (column < left + 4)
    return chosen * inside


def compose(images: Tensor, sources: Tensor, task: Task, generator: torch.Generator) -> Tensor:
    """Return canvases (N, 1, 32, 32), about zero mean: `images` among fragments of `sources`."""
    n = len(images)
    contrast = _uniform(0.6, 1.0, (n, 1, 1, 1), generator)
    canvas = contrast * _place(images, task, generator)
    for _ in range(task.fragments):
        clutter = _place(_fragments(sources, n, generator), task, generator)
        canvas = torch.maximum(canvas, 0.9 * clutter)
    canvas = canvas + NOISE * torch.randn(canvas.shape, generator=generator)
    return (canvas - 0.15) / 0.3


def digits(split: str = "test", name: str = "digits") -> TensorImages:
    """Return a data set of TASKS. Training digits are placed anew every epoch; the canvases of
    `split` are fixed."""
    task = TASKS[name]
    (train, train_labels), (judged, judged_labels) = split_sources(split)
    repeated = judged.repeat(task.placements, 1, 1, 1)
    purpose = "to test on" if split == "test" else f"to validate on; {HELD_OUT}"
    return TensorImages(
        name=name,
        split=split,
        classes=10,
        description=(
            f"handwritten digits placed {task.clutter}on 32x32 pixels; {len(train)} source images "
            f"to train on, {len(judged)} others, each placed {task.placements} times (once for the "
            f"points of a curve before its last), {purpose}"
        ),
        train_size=len(train),
        test=(
            compose(repeated, judged, task, seeded(CANVAS_SEEDS[split])),
            judged_labels.repeat(task.placements),
        ),
        train=lambda generator: (compose(train, train, task, generator), train_labels),
        views=task.placements,
    )
