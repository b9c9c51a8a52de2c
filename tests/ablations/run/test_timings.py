import dataclasses
import json

import pytest
import torch

from ablations.data.digits import digits
from ablations.records.store import Store
from ablations.records.timing_record import TIMINGS
from ablations.run.events import Listener, MeasuringMemory, MeasuringSpeed, Notice, TimingRecorded
from ablations.run.timings import measure_timings
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training import bench as timing
from ablations.training.bench import Bench, Measurement
from ablations.training.data_sets import DataSets, timing_spec

CPU = torch.device("cpu")
SETTINGS = TrainSettings(epochs=None, steps=1, batch_size=8)
VARIANTS = [Variant(3), Variant(7)]


@pytest.fixture(scope="module")
def data():
    return digits()


@pytest.fixture
def brief(monkeypatch):
    """The fewest rounds, each of one step."""
    monkeypatch.setattr(timing, "SECONDS", 0)
    monkeypatch.setattr(timing, "TURN_SECONDS", 0)


class Events(Listener):
    """Keeps the events."""

    def __init__(self):
        self.turns, self.ended, self.notices = [], [], []

    def on(self, event):
        match event:
            case Notice(line):
                self.notices.append(line)
            case MeasuringMemory(variant):
                self.turns.append((variant, "memory"))
            case MeasuringSpeed(variant, number):
                self.turns.append((variant, number))
            case TimingRecorded(_, reused):
                self.ended.append(reused)


class Given(DataSets):
    """These images for every variant."""

    def __init__(self, data):
        super().__init__()
        self.data = data

    def of(self, spec):
        return self.data


def measured(data, folder, variants=VARIANTS, settings=SETTINGS):
    events = Events()
    specs = [timing_spec(variant, settings, CPU, data) for variant in variants]
    store = Store(folder, TIMINGS, lambda line: events.on(Notice(line)))
    records = measure_timings(specs, Given(data), store, events.on)
    return records, events


def bench(data, settings=SETTINGS):
    return Bench(timing_spec(Variant(3), settings, CPU, data), data)


def test_every_variant_is_measured_in_turn(data, tmp_path, brief):
    records, events = measured(data, tmp_path)
    assert [record.variant for record in records] == VARIANTS
    assert events.turns == [(v, turn) for turn in ("memory", 1, 2, 3) for v in VARIANTS]
    assert events.ended == [False, False]
    for record in records:
        assert record.failure is None
        assert (record.batch_size, record.settings) == (8, SETTINGS.identity())
        assert len(record.step_seconds) == len(record.inference_seconds) == 3
        assert min(*record.step_seconds, *record.inference_seconds, record.peak_bytes) > 0
        assert record.inference_images_per_second > record.training_images_per_second
    assert len({record.session for record in records}) == 1


def test_rounds_go_on_until_the_time_is_used(data, tmp_path, brief, monkeypatch):
    class Enough(Exception):
        pass

    def impatient(event):
        if isinstance(event, MeasuringSpeed) and event.round > 4:
            raise Enough

    monkeypatch.setattr(timing, "SECONDS", 10**9)
    with pytest.raises(Enough):
        specs = [timing_spec(variant, SETTINGS, CPU, data) for variant in VARIANTS]
        measure_timings(specs, Given(data), Store(tmp_path, TIMINGS), impatient)


def test_a_turn_lasts_as_long_as_it_should(data):
    subject = bench(data).prepare()
    for seconds in (subject.time_steps(), subject.time_inference()):
        assert sum(seconds[:-1]) < timing.TURN_SECONDS <= sum(seconds)


def test_what_is_timed_is_training_and_inference(data):
    subject = bench(data).prepare()
    assert subject.stepper.network.training
    modes = []
    subject.stepper.network.register_forward_hook(
        lambda module, *_: modes.append((module.training, torch.is_inference_mode_enabled()))
    )
    before = [p.detach().clone() for p in subject.stepper.network.parameters()]
    subject.time_steps()
    assert set(modes) == {(True, False)}
    assert all(parameter.grad is None for parameter in subject.stepper.network.parameters())
    assert all("momentum_buffer" in state for state in subject.stepper.optimizer.state.values())
    assert len(subject.stepper.optimizer.state) == len(before)
    after = [p.detach() for p in subject.stepper.network.parameters()]
    assert all(map(torch.equal, before, after))
    modes.clear()
    subject.time_inference()
    assert set(modes) == {(False, True)}


def test_the_batch_is_that_of_training(data):
    batch, labels = next(data.train_epoch(0, 0, 8))
    ours = bench(data).prepare().batch
    assert [tensor.shape for tensor in ours] == [batch.shape, labels.shape]
    assert [tensor.dtype for tensor in ours] == [batch.dtype, labels.dtype]
    assert ours[0].stride() == batch.stride()
    whole = next(data.train_epoch(0, 0, 10**9))[0]
    assert bench(data, TrainSettings(batch_size=10**9)).batch_size == len(whole)


def test_measuring_leaves_the_random_numbers_of_others_alone(data):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    bench(data).training_peak()
    assert torch.equal(torch.rand(3), expected)


def test_a_second_call_measures_nothing(data, tmp_path, brief):
    first, _ = measured(data, tmp_path)
    written = [path.stat().st_mtime_ns for path in (tmp_path / "timings").iterdir()]
    second, events = measured(data, tmp_path)
    assert second == first
    assert [path.stat().st_mtime_ns for path in (tmp_path / "timings").iterdir()] == written
    assert (events.turns, events.ended) == ([], [True, True])
    again, _ = measured(data, tmp_path, VARIANTS[::-1])
    assert again == first[::-1]


def test_where_one_is_missing_all_are_measured_together(data, tmp_path, brief):
    first, _ = measured(data, tmp_path)
    more, events = measured(data, tmp_path, [*VARIANTS, Variant(1)])
    assert events.ended == [False] * 3
    assert len({record.session for record in [first[0], *more]}) == 2
    _, events = measured(data, tmp_path, [Variant(1), Variant(3)])
    assert events.turns == []


def test_timings_of_two_sessions_are_not_put_side_by_side(data, tmp_path, brief):
    measured(data, tmp_path, [Variant(3)])
    measured(data, tmp_path, [Variant(7)])
    assert measured(data, tmp_path)[1].ended == [False, False]


def test_other_settings_are_measured_on_their_own(data, tmp_path, brief):
    measured(data, tmp_path)
    records, events = measured(data, tmp_path, settings=dataclasses.replace(SETTINGS, batch_size=4))
    assert events.ended == [False, False]
    assert {record.batch_size for record in records} == {4}


def test_one_failure_leaves_the_others_and_is_measured_again(data, tmp_path, brief):
    records, _ = measured(data, tmp_path, [Variant(3), Variant(7, 5)])
    good, failed = records
    assert good.failure is None
    assert len(good.step_seconds) == 3
    assert "group_channels" in failed.failure
    assert (failed.peak_bytes, failed.step_seconds) == (None, ())
    assert failed.training_images_per_second is failed.inference_quartiles is None
    assert measured(data, tmp_path, [Variant(3), Variant(7, 5)])[1].ended == [False, False]


def test_what_fails_at_last_keeps_nothing(data, brief):
    one = Measurement(bench(data))
    one.attempt(one.measure_memory)
    one.attempt(one.take_turn)
    assert one.failure is None
    one.subject.stepper.network.classifier = None
    one.attempt(one.take_turn)
    found = one.result
    assert found.failure.reason.startswith("TypeError")
    assert (found.peak_bytes, found.step_seconds, found.inference_seconds) == (None, (), ())
    assert one.subject is None


def test_no_memory_is_a_failure_of_one_line(tmp_path):
    huge = digits()
    huge.train_size = 10**9
    settings = TrainSettings(batch_size=10**9)
    (record,), events = measured(huge, tmp_path, [Variant(3)], settings)
    assert "can't allocate memory" in record.failure
    assert "\n" not in record.failure
    assert events.turns == [(Variant(3), "memory")]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", json.dumps({"format": 99}), b"\xff"])
def test_a_broken_file_is_named_and_set_aside(data, tmp_path, brief, content):
    store = Store(tmp_path, TIMINGS)
    key = timing_spec(VARIANTS[0], SETTINGS, CPU, data)
    path = store.path(key)
    path.parent.mkdir()
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    before = path.read_bytes()
    records, events = measured(data, tmp_path)
    assert path.with_name(f"{path.name}.corrupt").read_bytes() == before
    assert any(path.name in line and "set aside" in line for line in events.notices)
    assert all(record.failure is None for record in records) and store.load(key) is not None
