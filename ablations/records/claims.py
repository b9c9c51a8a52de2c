"""Claims on work, for runs that share an output folder. No torch.

A claim is a kernel lock on a file, released when its process ends, however that ends. The holder
removes the file; a process that had opened it before finds a file without a name, and no claim. The
file names the holder and the subject, but only the lock counts.
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
"""Seconds between looks at another run's claim."""

_NO_LOCKS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EINVAL, errno.EACCES, errno.EPERM}
"""Errors of a file system without locks, such as NFS without its daemon, and of another user's
files."""

Subject = Mapping[str, object]
"""What is claimed, JSON values."""


class Claims:
    """The claims of this run. Leaving it as a context drops them all.

    Args:
        output: The output folder.
        tell: Receives a line if the folder has no locks; every claim is then granted.
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
        """Claim something and return whether that succeeded: no other run has it.

        Args:
            name: Name of the claim.
            subject: What is claimed, for `running`.

        Raises:
            OSError: If the file of the claim cannot be created.
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
        """Drop a claim, if it is held."""
        lock = self._held.pop(name, None)
        if lock is not None:
            self._file(name).unlink(missing_ok=True)
            lock.release(force=True)

    def wait(self, names: list[str], over: Callable[[], bool] = lambda: False) -> None:
        """Wait until one of some claims of other runs is free, or until `over` returns True."""
        while not over() and all(is_held(self._file(name)) for name in names):
            time.sleep(POLL)

    @contextmanager
    def hold(self, name: str, what: str) -> Iterator[None]:
        """Wait for a claim and hold it while the context lasts.

        Args:
            name: Name of the claim.
            what: What the run that holds it does, as in "which measures".
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
        """Return the holder of a claim, in words."""
        process = process_words(_signed(self._file(name)))
        return f"another run ({process})" if process else "another run"

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}{ENDING}"


def is_held(file: Path) -> bool:
    """Return whether a process holds the claim of a file."""
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
    """Return the claims that are held in a folder: name -> content of its file."""
    files = sorted((output / FOLDER).glob(f"*{ENDING}"))
    return {file.name.removesuffix(ENDING): _signed(file) for file in files if is_held(file)}


def process_words(signed: Mapping[str, Any]) -> str:
    """Return the process that holds a claim, in words; empty if its file does not name it."""
    return f"process {signed['pid']} on {signed.get('host')}" if "pid" in signed else ""


def remove_free(output: Path) -> None:
    """Remove the files of claims whose holders died."""
    with Claims(output, lambda line: None) as claims:
        for file in sorted(claims.folder.glob(f"*{ENDING}")):
            name = file.name.removesuffix(ENDING)
            if claims.take(name):
                claims.drop(name)


def _sign(file: int, subject: Subject | None) -> None:
    """Write the holder and the subject of a claim into its file; on a full disk it stays empty."""
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
