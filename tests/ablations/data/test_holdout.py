import random

import pytest

from ablations.data.holdout import hold_out

NAMES = [str(label) for label in range(4)]
LABELS = [0] * 100 + [1] * 13 + [2] * 2 + [3] * 5


def test_a_fifth_of_each_class_is_held_out_and_at_least_one_image():
    kept, held = hold_out(LABELS, NAMES)
    assert sorted(kept + held) == list(range(len(LABELS)))
    assert kept == sorted(kept) and held == sorted(held)
    assert [sum(LABELS[i] == label for i in held) for label in range(4)] == [20, 3, 1, 1]


def test_the_same_images_are_held_out_whatever_else_was_drawn():
    random.seed(1)
    first = hold_out(LABELS, NAMES)
    random.seed(2)
    assert hold_out(LABELS, NAMES) == first


def test_images_are_drawn_from_the_whole_class_and_not_from_one_end():
    _, held = hold_out([0] * 1000, NAMES)
    assert [sum(i // 250 == quarter for i in held) for quarter in range(4)] == pytest.approx(
        [50] * 4, abs=20
    )


def test_other_classes_do_not_move_a_class():
    assert set(hold_out([0] * 50, NAMES)[1]) == {
        i // 2 for i in hold_out([0, 1] * 50, NAMES)[1] if i % 2 == 0
    }


def test_a_class_of_one_image_is_named():
    with pytest.raises(ValueError) as error:
        hold_out([0, 0, 1], ["cat", "dog"])
    assert str(error.value) == ("class dog has a single training image, none can be held out")
