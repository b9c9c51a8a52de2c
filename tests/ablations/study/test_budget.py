import pytest

from ablations.study.budget import Budget, whole, with_changes


def test_exactly_one_of_epochs_and_steps_is_a_budget():
    assert Budget.of(5, None) == Budget(5, "epochs")
    assert Budget.of(None, 7) == Budget(7, "steps")
    for both in (5, 7), (None, None):
        with pytest.raises(ValueError, match="either --epochs or --steps"):
            Budget.of(*both)


def test_epochs_have_the_steps_of_their_passes():
    assert Budget(5, "epochs").total_steps(43) == 5 * 43
    assert Budget(7, "steps").total_steps(43) == 7


def test_a_budget_in_words():
    budgets = [Budget(1, "epochs"), Budget(5, "epochs"), Budget(1, "steps"), Budget(7, "steps")]
    assert list(map(str, budgets)) == ["1 epoch", "5 epochs", "1 step", "7 steps"]


def test_one_budget_replaces_the_other():
    assert whole({"lr": 0.1}) == {"lr": 0.1}
    assert whole({"steps": 7}) == {"steps": 7, "epochs": None}
    assert with_changes({"epochs": 5, "lr": 0.1}, {"steps": 7}) == {"steps": 7, "lr": 0.1}
    assert with_changes({"steps": 7}, {"lr": 0.1}) == {"steps": 7, "lr": 0.1}
