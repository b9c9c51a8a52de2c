from trials import CPU

from ablations.run.tuning import tuning_trials
from ablations.study.builder import make_study, parse_study
from ablations.study.grid import FIRST_SEED
from ablations.study.train_settings import TrainSettings
from ablations.training.data_sets import DataSets


def study(name, seeds, sizes=(3, 7)):
    text = f"axes.kernel_size = {list(sizes)}\n[tune]\nlr = [0.1, 1]\nseeds = {seeds}\n"
    return make_study(parse_study(f'name = "{name}"\n{text}'))


def trials_of(*studies):
    return [
        (trial.variant.kernel_size, trial.settings.lr, trial.seed - FIRST_SEED)
        for trial in tuning_trials(studies, TrainSettings(), CPU, DataSets())
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
    data_sets = DataSets()
    trials = tuning_trials([study("s", 1)], TrainSettings(), CPU, data_sets)
    assert [request.split for request in data_sets.loaded] == ["validation"]
    assert {trial.settings.split for trial in trials} == {"validation"}


def test_a_study_that_tunes_nothing_has_no_trials():
    plain = make_study(parse_study('name = "s"\naxes.kernel_size = [3]'))
    assert tuning_trials([plain], TrainSettings(), CPU, DataSets()) == []
