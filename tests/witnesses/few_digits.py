"""The data set of digits, cut down to its first images."""

from ablations.data import digits

FEW = 97
"""Digits to train on, and as many to test on: an odd number, so that a batch of two leaves one."""

whole = digits.split_sources


def few_sources(split="test"):
    """`split_sources` with the first digits of each part alone."""
    return tuple((images[:FEW], labels[:FEW]) for images, labels in whole(split))
