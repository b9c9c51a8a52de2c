"""The command line on a real terminal, and what a screen shows as text."""

import os
import pty
import re
import subprocess
import sys

from program import PATH


def without_controls(screen):
    """What was written to a terminal, without the sequences that move and colour it."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)


def on_a_terminal(arguments, **options):
    """Runs a command whose stderr is a terminal; exit code, what that showed, standard output."""
    leader, follower = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "cli", *map(str, arguments)],
        stderr=follower,
        stdout=subprocess.PIPE,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "160", "PYTHONPATH": PATH},
        **options,
    ) as process:
        os.close(follower)
        seen = b""
        while True:
            try:
                seen += os.read(leader, 4096)
            except OSError:  # the other end is closed
                break
        os.close(leader)
        printed = process.stdout.read().decode()
    return process.returncode, without_controls(seen.decode()), printed
