"""The command line in a separate process, and options that make its trials quick."""

import os
import signal
import subprocess
import sys
from pathlib import Path

TINY = ("--dataset", "tiny_images:images", "--workers", "0", "--cost-model", "rednet-small")
"""Trains on a few small images, and counts a small network."""

LONG = (*TINY, "--steps", "1000000", "--seeds", "1", "--checkpoint-every", "0.1")
"""Trials that do not end by themselves, and soon write a checkpoint."""

WITNESSES = Path(__file__).parent
PATH = os.pathsep.join(map(str, (WITNESSES.parents[1], WITNESSES / "users")))
"""Search path with this program and the data set of TINY."""


def start(*typed, cwd, **options):
    """A process of the command line, its output piped as text, and Ctrl-C as in a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *map(str, typed)],
        cwd=cwd,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": PATH},
        # What runs in the background of a shell ignores it, and so would the program.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        **options,
    )
