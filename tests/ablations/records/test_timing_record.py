import dataclasses

import pytest

from ablations.errors import SettingError
from ablations.records.timing_record import TimingKey, TimingRecord, TimingStore
from ablations.study.variants import Variant

KEY = TimingKey(Variant(5, "C", "r=4"), {"model": "rednet-small"}, "digits", "cpu")


def example(**change):
    record = TimingRecord(
        variant=KEY.variant,
        settings=KEY.settings,
        device="cpu",
        data="d",
        batch_size=8,
        step_seconds=(0.1, 1 / 3),
        inference_seconds=(0.01, 0.02),
        peak_bytes=1000,
        session="2026-01-01T00:00:00+00:00",
        environment={"torch": "2"},
    )
    return dataclasses.replace(record, **change)


def test_a_record_comes_back_whole(tmp_path):
    store = TimingStore(tmp_path)
    assert store.load_session([KEY]) is None
    store.save(KEY, example())
    assert store.load_session([KEY]) == [example()]
    assert [path.relative_to(tmp_path).as_posix() for path in store.folder.iterdir()] == [
        f"timings/{KEY.file_name}"
    ]


@pytest.mark.parametrize(
    "change",
    [
        {"device": "cuda"},
        {"variant": Variant(5, 32, "r=4")},
        {"settings": {"model": "rednet26"}},
        {"data": "other digits"},
    ],
)
def test_whatever_changes_a_timing_changes_its_file(change):
    assert dataclasses.replace(KEY, **change).file_name != KEY.file_name


@pytest.mark.parametrize(
    "change",
    [
        {"variant": Variant(3, "C", "r=4")},
        {"settings": {"model": "rednet26"}},
        {"device": "cuda"},
        {"step_seconds": ()},
        {"step_seconds": (0.1, 0.0)},
        {"inference_seconds": (0.1, float("nan"))},
        {"inference_seconds": (0.1, "fast")},
        {"peak_bytes": None},
        {"peak_bytes": 0},
    ],
)
def test_a_record_of_something_else_is_refused(tmp_path, change):
    store = TimingStore(tmp_path)
    store.save(KEY, example(**change))
    with pytest.raises(SettingError, match="is not a timing record"):
        store.load(KEY)


def test_throughput_is_that_of_the_median():
    record = example(step_seconds=(4.0, 0.5, 2.0, 1.0, 100.0), inference_seconds=(0.25, 0.25))
    assert record.training_images_per_second == 8 / 2
    assert record.training_quartiles == (8 / 4, 8 / 1)
    assert record.inference_images_per_second == 8 / 0.25
