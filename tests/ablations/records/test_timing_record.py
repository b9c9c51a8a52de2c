from ablations.records.timing_record import TimingRecord
from ablations.study.variants import Variant


def test_throughput_is_that_of_the_median():
    record = TimingRecord(
        variant=Variant(),
        settings={},
        device="cpu",
        data="d",
        batch_size=8,
        step_seconds=(4.0, 0.5, 2.0, 1.0, 100.0),
        inference_seconds=(0.25, 0.25),
        peak_bytes=1,
        session="s",
        environment={},
        images="",
    )
    assert record.training_images_per_second == 8 / 2
    assert record.training_quartiles == (8 / 4, 8 / 1)
    assert record.inference_images_per_second == 8 / 0.25
