"""Which images of a training split are held out of it for validation. No torch.

They depend on the images' classes and order alone: every seed and variant, on every machine, trains
on the same images and is judged on the same others.
"""

import random
from collections.abc import Sequence

VALIDATION_SHARE = 0.2
HELD_OUT = (
    "the validation images are held out of the training split; the test split was not looked at"
)
"""What the description of a data set says where it has a validation split."""


def hold_out(labels: Sequence[int], names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Places of the images to train on and of those held out, both ascending.

    labels: each image's class; names: of the classes. VALIDATION_SHARE of each class is held out,
    rounded, at least one image. Raises ValueError for a class with a single image.
    """
    places: dict[int, list[int]] = {}
    for place, label in enumerate(labels):
        places.setdefault(label, []).append(place)
    held: set[int] = set()
    for label, members in places.items():
        if len(members) < 2:
            problem = f"class {names[label]} has a single training image, none can be held out"
            raise ValueError(problem)
        drawn = random.Random(label)
        shuffled = sorted(members, key=lambda _: drawn.random())
        held.update(shuffled[: max(1, round(VALIDATION_SHARE * len(members)))])
    kept = [place for place in range(len(labels)) if place not in held]
    return kept, sorted(held)
