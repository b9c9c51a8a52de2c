"""Studies drawn by chance, whose truth is known."""

LUCK = 3.0
"""Standard deviation, points, of what a seed does to all variants alike; pairing takes it out."""


def drawn_study(rng, seeds, shifts, sd=0.5):
    """variant -> seed -> Top-1, percent.

    shifts: variant -> its true distance from the others; sd: of the difference of two variants at
    one seed.
    """
    luck = rng.normal(70, LUCK, seeds)
    return {
        name: dict(enumerate((luck + shift + rng.normal(0, sd / 2**0.5, seeds)).tolist()))
        for name, shift in shifts.items()
    }
