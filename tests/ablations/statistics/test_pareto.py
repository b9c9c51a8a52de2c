from ablations.statistics.dominance import pareto_front


def test_the_front_is_what_no_other_point_beats():
    points = [(3, 60), (1, 50), (2, 50), (2, 55), (4, 60), (5, 61)]
    assert pareto_front(points) == [1, 3, 0, 5]


def test_equal_points_share_the_front():
    assert pareto_front([(1, 50), (1, 50), (1, 40)]) == [0, 1]
    assert pareto_front([]) == []
