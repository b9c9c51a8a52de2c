"""What a job of Slurm tells its run through a file. Needs no Slurm."""

import pytest

from ablations.run.engines.messages import STARTED, Notice
from ablations.run.engines.slurm_tasks import _Line, said, told_in
from ablations.training.epoch import Epoch


@pytest.mark.parametrize("told", [STARTED, (3, 0.25), Notice("a line"), Epoch(1, 4, 0.5, 87.5)])
def test_a_message_comes_as_it_was_sent(told, tmp_path):
    _Line(tmp_path, 7).send(told)
    (line,) = told_in(tmp_path, 7).read_text("utf-8").splitlines()
    assert said(line) == told
