"""Which run is at work on what, where several share an output folder. No torch.

A claim is a lock of the kernel on a file, and goes with the process that holds it, however that
ends. The file is removed by its holder: whoever has opened it before finds that it has no name any
more and does not have the claim. It says who holds it, and of what; only the lock counts.
"""

import errno
import fcntl
import json
import os
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from filelock import FileLock, Timeout

from ablations.records.damage import Tell

FOLDER = "claims"
ENDING = ".lock"

POLL = 0.5
"""Seconds between looks at what another run has."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EACCES, errno.EPERM}
"""Of file systems without locks, such as NFS without its daemon, and of another user's files."""

Subject = Mapping[str, object]
"""What a claim is of, JSON values."""


class Claims:
    """What this run is at work on. As a context, behind which it holds nothing.

    Args:
        output: The output folder.
        tell: Takes a line where the folder has no locks: then every claim is granted.
    """

    def __init__(self, output: Path, tell: Tell) -> None:
        self.folder = output / FOLDER
        self.tell = tell
        self._held: dict[str, FileLock] = {}
        self._shared = True

    def __enter__(self) -> "Claims":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for name in list(self._held):
            self.drop(name)
        with suppress(OSError):  # others are at work
            self.folder.rmdir()

    def take(self, name: str, subject: Subject | None = None) -> bool:
        """Claims something; whether no other run has it.

        Args:
            name: Of the claim.
            subject: What it is of, for `running`.

        Raises:
            OSError: Where the file of the claim cannot be made.
        """
        if not self._shared:
            return True
        lock = FileLock(
            self._file(name), thread_local=False, on_acquired=lambda file: _sign(file, subject)
        )
        try:
            self._acquire(lock)
        except Timeout:
            return False
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            self._shared = False
            told = f"{self.folder}: no locks there ({error.strerror})"
            self.tell(f"{told}; another run in this folder would do the same work again")
            return True
        self._held[name] = lock
        return True

    def _acquire(self, lock: FileLock) -> None:
        for _ in range(100):
            self.folder.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):  # a run that has ended has removed the folder
                lock.acquire(blocking=False)
                return
        raise Timeout(lock.lock_file)

    def drop(self, name: str) -> None:
        """Gives up a claim; not an error where there is none."""
        lock = self._held.pop(name, None)
        if lock is not None:
            self._file(name).unlink(missing_ok=True)
            lock.release(force=True)

    def wait(self, names: list[str], over: Callable[[], bool] = lambda: False) -> None:
        """Waits until one of some claims that others have is free, or until `over` says so."""
        while not over() and all(is_held(self._file(name)) for name in names):
            time.sleep(POLL)

    @contextmanager
    def hold(self, name: str, what: str) -> Iterator[None]:
        """Has a claim for as long as the context lasts; waits for it.

        Args:
            name: Of the claim.
            what: What another run is doing where this waits, for whoever watches.
        """
        told = False
        while not self.take(name):
            if not told:
                self.tell(f"waiting for {self.holder(name)}, which {what}")
                told = True
            self.wait([name])
        try:
            yield
        finally:
            self.drop(name)

    def holder(self, name: str) -> str:
        """Who has a claim, in words."""
        process = process_words(_signed(self._file(name)))
        return f"another run ({process})" if process else "another run"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}{ENDING}"


def is_held(file: Path) -> bool:
    """Whether a process has the claim of a file."""
    try:
        opened = os.open(file, os.O_RDONLY)
    except OSError:
        return False
    try:
        fcntl.flock(opened, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(opened)
    return False


def running(output: Path) -> dict[str, dict[str, Any]]:
    """What the runs of a folder are at work on: name of the claim -> what its file says."""
    files = sorted((output / FOLDER).glob(f"*{ENDING}"))
    return {file.name.removesuffix(ENDING): _signed(file) for file in files if is_held(file)}


def process_words(signed: Mapping[str, Any]) -> str:
    """The process that has a claim, by what its file says; empty where it does not."""
    return f"process {signed['pid']} on {signed.get('host')}" if "pid" in signed else ""


def remove_free(output: Path) -> None:
    """Removes the files of claims whose holders have died."""
    with Claims(output, lambda line: None) as claims:
        for file in sorted(claims.folder.glob(f"*{ENDING}")):
            name = file.name.removesuffix(ENDING)
            if claims.take(name):
                claims.drop(name)


def _sign(file: int, subject: Subject | None) -> None:
    """Says in an open file who has its claim. On a full disk it stays empty."""
    signed = {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "subject": subject,
    }
    with suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, json.dumps(signed).encode(), 0)


def _signed(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
