"""The products of torch.einsum, which contracts two operands at a time. No torch."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from math import prod
from typing import Any

from ablations.costs.operators.formula import Shape

Term = Mapping[str, int]
"""An operand: label -> size. The dimensions of an ellipsis have labels "0", "1" and so on."""


def einsum(arguments: Sequence[Any], outputs: Sequence[Shape]) -> Counter[str]:
    """Two operands that share a summed label make a matrix product; others an elementwise one.

    Like torch, in the order of the path, else from left to right. A label of one operand alone that
    is summed is summed before the product; a label of size 1 is not summed.
    """
    equation, shapes, path = arguments
    left, arrow, right = equation.replace(" ", "").partition("->")
    terms = [_term(labels, shape) for labels, shape in zip(left.split(","), shapes, strict=True)]
    kept = _labels(right, _ellipsis(terms)) if arrow else _implicit(left, terms)
    counts: Counter[str] = Counter()
    for first, second in _pairs(len(terms), path):
        a, b = terms.pop(second), terms.pop(first)
        needed = {*kept, *(label for term in terms for label, size in term.items() if size != 1)}
        a, b = _summed_alone(a, b, needed), _summed_alone(b, a, needed)
        sizes = {label: _broadcast(a.get(label, 1), b.get(label, 1)) for label in {*a, *b}}
        summed = {label for label in sizes if label not in needed and sizes[label] != 1}
        counts["matmul" if summed else "mul"] += prod(sizes.values())
        result = {label: size for label, size in sizes.items() if label not in summed}
        terms.insert(len(terms) if path else 0, result)
    return counts


def _broadcast(first: int, second: int) -> int:
    return second if first == 1 else first


def _summed_alone(term: Term, other: Term, needed: set[str]) -> Term:
    """`term` after its own sums: over labels that nothing else has."""
    return {
        label: size
        for label, size in term.items()
        if label in needed or other.get(label, 1) != 1 or size == 1
    }


def _term(labels: str, shape: Shape) -> Term:
    named = len(labels.replace("...", ""))
    sizes: dict[str, int] = {}
    for label, size in zip(_labels(labels, len(shape) - named), shape, strict=True):
        sizes[label] = _broadcast(size, sizes.get(label, 1))
    return sizes


def _labels(text: str, ellipsis: int) -> list[str]:
    """Return one label per dimension; those of an ellipsis align at the last one."""
    before, dots, after = text.partition("...")
    return [*before, *(str(i) for i in reversed(range(ellipsis if dots else 0))), *after]


def _ellipsis(terms: Sequence[Term]) -> int:
    return max((int(label) + 1 for term in terms for label in term if label.isdigit()), default=0)


def _implicit(left: str, terms: Sequence[Term]) -> list[str]:
    """Without an arrow the output has the ellipsis and what occurs once."""
    letters = Counter(letter for letter in left if letter.isalpha())
    return [*map(str, range(_ellipsis(terms))), *(k for k, times in letters.items() if times == 1)]


def _pairs(operands: int, path: Sequence[int] | None) -> Iterator[tuple[int, int]]:
    """Which two are contracted; what they make becomes the last one on a path, else the first."""
    if path:
        for first, second in zip(path[::2], path[1::2], strict=True):
            yield min(first, second), max(first, second)
    else:
        yield from [(0, 1)] * (operands - 1)
