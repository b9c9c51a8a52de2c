import dataclasses
import pickle

import pytest

from ablations.networks.network import Network
from ablations.settings.setting import settings_of
from ablations.study.train_settings import TrainSettings, whole_identity
from ablations.study.variants import Variant
from ablations.training.trial_spec import TimingSpec, TrialSpec, record_name

KEY = TrialSpec(Variant(5, "C", "r=4"), TrainSettings(), 1, "cpu", "digits")

OTHER = {
    name: found.read(found.example)
    for holder in (Network, TrainSettings)
    for name, found in settings_of(holder).items()
    if not found.machine
}
"""Another value of every setting that decides a trial's numbers."""

MACHINE = {"data_dir", "device", "workers", "skip_bad_images"}
"""What belongs to the machine."""

LATER = {"accumulate", "warmup", "warmup_from", "precision", "processes", "compile"}
"""What there were records before."""


def test_every_field_that_is_not_the_machines_is_in_the_identity():
    fields = {field.name for field in dataclasses.fields(TrainSettings)}
    assert fields == settings_of(TrainSettings).keys(), "a field that is no setting"
    assert fields - MACHINE - LATER == TrainSettings().identity().keys()
    assert fields - MACHINE == whole_identity(TrainSettings().identity()).keys()
    assert {field.name for field in dataclasses.fields(Network)} == settings_of(Network).keys()
    assert OTHER.keys() == (fields - MACHINE) | settings_of(Network).keys()


@pytest.mark.parametrize("name", settings_of(Network))
def test_every_setting_of_a_network_changes_the_file(name):
    variant = dataclasses.replace(KEY.variant, **{name: OTHER[name]})
    assert dataclasses.replace(KEY, variant=variant).name != KEY.name


@pytest.mark.parametrize("name", sorted(whole_identity(TrainSettings().identity())))
def test_every_setting_of_training_changes_the_file(name):
    change = {name: OTHER[name]} | ({"epochs": None} if name == "steps" else {})
    changed = dataclasses.replace(KEY, settings=TrainSettings(**change))
    assert changed.name != KEY.name


def test_a_setting_that_came_later_is_said_where_it_is_not_the_default():
    named = record_name(4, KEY.variant, KEY.identity, "digits", "cpu", 1)
    assert named == "k5-gC-r4-seed1-06aa1ce6c28e", "as before there were LATER"
    for name in LATER:
        identity = TrainSettings(**{name: OTHER[name]}).identity()
        assert identity.keys() & LATER == {name} and identity[name] == OTHER[name]
        assert whole_identity(identity) | {name: getattr(TrainSettings(), name)} == whole_identity(
            TrainSettings().identity()
        )


@pytest.mark.parametrize(
    "change",
    [{"seed": 2}, {"device": "cuda"}, {"data_fingerprint": "x"}, {"code": (("mine:net", "01"),)}],
)
def test_whatever_else_changes_numbers_changes_the_file(change):
    assert dataclasses.replace(KEY, **change).name != KEY.name


def test_files_of_a_users_code_are_no_part_of_the_name():
    assert dataclasses.replace(KEY, sources=(("mine.py", "01"),)).name == KEY.name


def test_a_newer_format_never_finds_an_older_record():
    key = KEY.variant, KEY.identity, KEY.data_fingerprint, KEY.device, KEY.seed
    assert record_name(1, *key) == KEY.name != record_name(2, *key)


def test_a_spec_can_be_sent_and_compared():
    timing = TimingSpec(KEY.variant, KEY.settings, "cpu", "digits")
    assert timing.trial(1) == KEY == pickle.loads(pickle.dumps(KEY))
    assert len({KEY, timing.trial(1), timing.trial(2)}) == 2


def test_a_file_says_what_it_is_of():
    assert KEY.name.startswith("k5-gC-r4-seed1-")
    timing = TimingSpec(KEY.variant, KEY.settings, "cpu", "digits")
    assert timing.name.startswith("k5-gC-r4-") and timing.name != KEY.name


def test_what_differs_in_training_is_in_the_settings_alone():
    variant = dataclasses.replace(KEY.variant, training=(("lr", 0.1),))
    assert dataclasses.replace(KEY, variant=variant).name == KEY.name
