"""A recorded trial and timing, and ways to damage their files."""

import random

from ablations.records.timing_record import TIMINGS, TimingRecord
from ablations.records.trial_record import TRIALS, TrialRecord
from ablations.study.variants import Variant
from ablations.training.trial_result import TrainedCosts

SETTINGS = {"model": "rednet-small", "lr": 0.1, "code": {"mine:net": "0123"}}
RECORD = TrialRecord(
    variant=Variant(5, "C", "r=4"),
    seed=1,
    settings=SETTINGS,
    device="cpu",
    data="d",
    curve=({"epoch": 1, "steps": 4, "train_loss": 2.5, "top1": 100 / 3},),
    top1=100 / 3,
    costs=TrainedCosts(3, {"conv": 1}),
    seconds=1.25,
    environment={"torch": "2"},
    images="digits",
)
TIMING = TimingRecord(
    variant=RECORD.variant,
    settings=SETTINGS,
    device="cpu",
    data="d",
    batch_size=8,
    step_seconds=(0.1, 1 / 3),
    inference_seconds=(0.01, 0.02),
    peak_bytes=1000,
    session="2026-01-01T00:00:00+00:00",
    environment={"torch": "2"},
    images="digits",
)
KEY, TIMING_KEY = RECORD, TIMING
"""What they are kept under: a record names itself as its spec does."""
KINDS = [(TRIALS, KEY, RECORD), (TIMINGS, TIMING_KEY, TIMING)]


def cuts(content, count):
    """Return the content cut at `many` lengths, or at all lengths."""
    step = max(1, len(content) // count)
    return [content[:length] for length in range(0, len(content) - 1, step)]


def flips(content, count):
    """Return the content with one bit flipped, at `many` fixed places."""
    places = random.Random(0)
    for _ in range(count):
        turned = bytearray(content)
        turned[places.randrange(len(content))] ^= 1 << places.randrange(8)
        yield bytes(turned)


def spoiled(content):
    """Whatever else a file can have become."""
    middle = len(content) // 2
    return [
        b"",
        bytes(len(content)),
        content[:middle] + bytes(len(content) - middle),
        bytes(512) + content[512:],
        b"\xff\xfe" + content,
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b"[]",
        b"{}",
        b"null",
        b'{"format": 99}',
        b'{"format": []}',
        b'{"format": {}}',
        b"1" * 5000,
        content + content,
        content.replace(b'"checksum"', b'"check"'),
    ]
