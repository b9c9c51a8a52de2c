from ablations.statistics.dunnett import Simultaneous
from reports.words.second_reading import dunnett_words

APART = Simultaneous("3", "7", 8, -2.0, (-2.5, -1.5), 0.001)
NOT_APART = Simultaneous("9", "7", 8, 0.04, (-0.46, 0.54), 0.9)


def words(*found):
    (sentence,) = dunnett_words(found, lambda name: f"K={name}")
    return sentence


def test_every_interval_and_which_exclude_zero():
    assert words(APART, NOT_APART) == (
        "A second reading, Dunnett’s simultaneous 95 % intervals against K=7 (noise taken as "
        "normal and alike in all variants, over the 8 seeds that all finished), in points: "
        "K=3 −2.0 ± 0.5; K=9 +0.0 ± 0.5; zero is outside for K=3. The verdict is not this one but "
        "that of the sign flips, Holm-corrected."
    )
    assert "; zero is inside all of them." in words(NOT_APART, NOT_APART)
    assert "; zero is outside." in words(APART) and "; zero is inside." in words(NOT_APART)


def test_without_intervals_there_is_no_sentence():
    assert dunnett_words([], str) == []
