"""The validation images held out of a training split. No torch.

The choice depends on the images' classes and order alone, so it is the same for every seed, variant
and machine.
"""

import random
from collections.abc import Sequence

VALIDATION_SHARE = 0.2
HELD_OUT = (
    "the validation images are held out of the training split; the test split was not looked at"
)
"""Note in the description of a data set with a validation split."""


def hold_out(labels: Sequence[int], names: Sequence[str]) -> tuple[list[int], list[int]]:
    """Return the indices of the images to train on and of those held out, both ascending.

    VALIDATION_SHARE of each class is held out, rounded, at least one image.

    Args:
        labels: Class of each image.
        names: Names of the classes.

    Raises:
        ValueError: A class has a single image.
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
