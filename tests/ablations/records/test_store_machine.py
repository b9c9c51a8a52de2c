"""A store under everything that happens to one: it gives back what was saved, or nothing."""

import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from kept import KEY, RECORD

from ablations.records import damage, files
from ablations.records.claims import Claims
from ablations.records.damage import Damaged
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS

KEYS = [replace(KEY, seed=seed) for seed in range(3)]
SEEDS = st.sampled_from([0, 1, 2])
TOPS = st.floats(0, 100)

WRITES_AND_DIES = """
import os, signal, sys
from dataclasses import replace
from pathlib import Path
from kept import KEY, RECORD
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS
folder, seed, top1, when = sys.argv[1:]
fsync, left = os.fsync, int(when)
def dying(file):
    global left
    left -= 1
    if left < 0:
        os.kill(os.getpid(), signal.SIGKILL)
    fsync(file)
os.fsync = dying
record = replace(RECORD, seed=int(seed), top1=float(top1))
Store(Path(folder), TRIALS).save(record)
"""


class StoreMachine(RuleBasedStateMachine):
    """The truth is in `saved`: what each file may say, None where it may be gone."""

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.output = Path(self.folder.name)
        self.told = []
        self.store = Store(self.output, TRIALS, self.told.append)
        self.saved = {seed: {None} for seed in range(3)}

    def teardown(self):
        self.folder.cleanup()

    def path(self, seed):
        return self.store.path(KEYS[seed])

    @rule(seed=SEEDS, top1=TOPS)
    def save(self, seed, top1):
        self.store.save(replace(RECORD, seed=seed, top1=top1))
        self.saved[seed] = {top1}

    @rule(seed=SEEDS)
    def load(self, seed):
        record = self.store.load(KEYS[seed])
        assert (None if record is None else record.top1) in self.saved[seed]
        self.saved[seed] = {None if record is None else record.top1}

    @rule(seed=SEEDS, place=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
    def turn_a_bit(self, seed, place, bit):
        self.damage(seed, lambda content: _turned(content, int(place * len(content)), bit))

    @rule(seed=SEEDS, share=st.floats(0, 1, exclude_max=True))
    def cut(self, seed, share):
        self.damage(seed, lambda content: content[: int(share * len(content))])

    @rule(seed=SEEDS)
    def zero(self, seed):
        self.damage(seed, lambda content: bytes(len(content)))

    def damage(self, seed, spoil):
        if self.path(seed).is_file() and self.path(seed).stat().st_size:
            self.path(seed).write_bytes(spoil(self.path(seed).read_bytes()))
            self.saved[seed] |= {None}

    @rule(seed=SEEDS)
    def make_it_a_folder(self, seed):
        if not self.path(seed).exists():
            self.path(seed).mkdir(parents=True)

    @rule(seed=SEEDS, top1=TOPS)
    def save_on_a_full_disk(self, seed, top1):
        fsync, waits = files.os.fsync, damage.WAITS
        temporary = tempfile.tempdir

        def full(file):
            raise OSError(28, "No space left on device")

        try:
            files.os.fsync, damage.WAITS, tempfile.tempdir = full, (0.0,), self.folder.name
            with pytest.raises(OSError, match="No space left"):
                self.store.save(replace(RECORD, seed=seed, top1=top1))
        finally:
            files.os.fsync, damage.WAITS, tempfile.tempdir = fsync, waits, temporary

    @rule(seed=SEEDS, top1=TOPS, when=st.integers(0, 3))
    def save_and_die(self, seed, top1, when):
        ended = subprocess.run(
            [sys.executable, "-c", WRITES_AND_DIES, self.output, str(seed), repr(top1), str(when)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        assert ended.returncode in (0, -signal.SIGKILL)
        self.saved[seed] = {top1} if ended.returncode == 0 else self.saved[seed] | {top1}

    @rule(seed=SEEDS)
    def two_want_it(self, seed):
        name = KEYS[seed].name
        with Claims(self.output, self.told.append) as mine:
            assert mine.take(name)
            assert not Claims(self.output, self.told.append).take(name)
            self.load(seed)

    @invariant()
    def what_can_be_read_was_saved(self):
        for seed, key in enumerate(KEYS):
            try:
                record = self.store.look(key)
            except Damaged:
                assert None in self.saved[seed]
            else:
                assert (None if record is None else record.top1) in self.saved[seed]

    @invariant()
    def whatever_is_told_is_one_line(self):
        assert all("\n" not in line for line in self.told)


def _turned(content, place, bit):
    turned = bytearray(content)
    turned[place] ^= 1 << bit
    return bytes(turned)


FEW = settings(
    max_examples=5,
    stateful_step_count=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestFew = StoreMachine.TestCase
TestFew.settings = FEW


@pytest.mark.torture
class TestMany(StoreMachine.TestCase):
    settings = settings(FEW, max_examples=400, stateful_step_count=60, derandomize=False)
