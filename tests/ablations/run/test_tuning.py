from ablations.run.tuning import tuning_trials
from ablations.study.builder import make_study, parse_study
from ablations.study.grid import FIRST_SEED
from ablations.study.train_settings import TrainSettings


def study(name, seeds, sizes=(3, 7)):
    text = f"axes.kernel_size = {list(sizes)}\n[tune]\nlr = [0.1, 1]\nseeds = {seeds}\n"
    return make_study(parse_study(f'name = "{name}"\n{text}'))


def trials_of(*studies):
    return [
        (setup.variant.kernel_size, setup.settings.lr, seed - FIRST_SEED)
        for setup, seed in tuning_trials(studies, TrainSettings(), {})
    ]


def test_every_candidate_gets_its_first_seed_before_any_gets_its_second():
    assert trials_of(study("s", 2)) == [
        *[(3, 0.1, 0), (3, 1.0, 0), (7, 0.1, 0), (7, 1.0, 0)],
        *[(3, 0.1, 1), (3, 1.0, 1), (7, 0.1, 1), (7, 1.0, 1)],
    ]


def test_what_studies_share_is_tried_once_with_the_most_seeds():
    trials = trials_of(study("s", 1), study("t", 2, (7,)))
    assert sorted(trials) == [(3, 0.1, 0), (3, 1.0, 0)] + [
        (7, lr, seed) for lr in (0.1, 1.0) for seed in (0, 1)
    ]


def test_no_image_of_the_test_split_is_looked_at():
    loaded = {}
    trials = tuning_trials([study("s", 1)], TrainSettings(), loaded)
    assert [wanted.split for wanted in loaded] == ["validation"]
    assert {setup.settings.split for setup, _ in trials} == {"validation"}


def test_a_study_that_tunes_nothing_has_no_trials():
    plain = make_study(parse_study('name = "s"\naxes.kernel_size = [3]'))
    assert tuning_trials([plain], TrainSettings(), {}) == []
