"""Which part of every batch one of several processes takes. No torch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Share:
    """One of `of` parts of each batch that differ by an image at most; number: from 0.

    Put together in their order, the parts of a batch are the batch. Those of a batch of fewer
    images than parts may be empty.
    """

    number: int = 0
    of: int = 1

    def part(self, images: int) -> slice:
        """Its places in a batch of so many images."""
        return slice(images * self.number // self.of, images * (self.number + 1) // self.of)


WHOLE = Share()
"""All of each batch."""
