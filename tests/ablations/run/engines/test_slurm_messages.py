"""What a job of Slurm tells its run through a file. Needs no Slurm."""

import pytest

from ablations.run.engines.slurm_tasks import _Line, decode, events_file
from ablations.run.events import Notice, PointMeasured, StepDone, TrialStarted
from ablations.study.train_settings import TrainSettings
from ablations.study.variants import Variant
from ablations.training.trial_result import CurvePoint
from ablations.training.trial_spec import TrialSpec

TRIAL = TrialSpec(Variant(3), TrainSettings(), 0, "cpu", "images")


@pytest.mark.parametrize(
    "event",
    [
        TrialStarted(TRIAL, 9),
        StepDone(TRIAL, 3, 0.25),
        Notice("a line\nor two"),
        PointMeasured(TRIAL, CurvePoint(1, 4, 0.5, 87.5)),
    ],
    ids=lambda event: type(event).__name__,
)
def test_an_event_comes_as_it_was_sent(event, tmp_path):
    _Line(tmp_path, 7).emit(event)
    (line,) = events_file(tmp_path, 7).read_text("utf-8").splitlines()
    assert decode(line) == event
