"""Full crossings whose every number a test knows, and how they are written."""

from itertools import product

from ablations.statistics.design import Design
from ablations.statistics.factorial import interactions, marginals
from reports.names.level_names import level_text
from reports.tables.axis_tables import interaction_table, marginal_tables

HEADINGS = {"size": "Kernel Size", "form": "Function Form", "groups": "#Group Channel"}
SEEDS = 8
JITTER = [0.0, 0.3, -0.2, 0.1, -0.3, 0.2, -0.1, 0.4]


def label(axis, level):
    axes = {"size": "kernel_size", "form": "generator", "groups": "group_channels"}
    return level_text(axes[axis], level)


def crossing(**levels):
    """A full crossing of these axes; the first level of each is the baseline's."""
    cells = {", ".join(cell): cell for cell in product(*levels.values())}
    return Design(tuple(levels), cells, next(iter(cells)))


def found(design, tops):
    return marginals(design, tops), interactions(design, tops)


def tops_of(design, shifts, seeds=SEEDS):
    """Each cell, by its place, spreads in another way around 60 points and its shift."""
    return {
        name: {
            seed: 60.0 + seed + shifts.get(name, 0.0) + JITTER[(seed * (place + 1)) % 8]
            for seed in range(seeds)
        }
        for place, name in enumerate(design.levels)
    }


TWO = crossing(size=["7", "3", "9"], form=["r=4", "W"])
SHIFTS = {"3, r=4": -5.0, "3, W": -2.0, "7, W": 1.0, "9, W": 1.0}
"""3 costs 5 points and W brings 1; both together lose 2 instead of 4."""


def tables(design, tops):
    by_axis, together = found(design, tops)
    by_axis = marginal_tables(by_axis, label, HEADINGS.get, "RedNet-small, digits")
    together = interaction_table(together, label, HEADINGS.get, "RedNet-small, digits")
    return [*by_axis.values(), together]


def texts(table):
    return [[cell.text for cell in row.cells] for row in table.rows]
