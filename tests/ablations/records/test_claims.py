import errno
import fcntl
import subprocess
import sys
import threading
import time

import pytest

from ablations.records.claims import POLL, Claims, remove_free, running
from ablations.records.folder import tidy

HOLDS = """
import sys
from pathlib import Path
from ablations.records.claims import Claims
claims = Claims(Path(sys.argv[1]), print)
print(claims.take("one", {"seed": 3}), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def other(tmp_path):
    """Another process that has claimed "one"."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "True\n"
        yield process
        process.kill()


def silent(line):
    raise AssertionError(line)


def test_what_another_process_has_is_free_when_it_is_killed(tmp_path, other):
    with Claims(tmp_path, silent) as claims:
        assert not claims.take("one") and claims.take("two")
        found = running(tmp_path)
        assert found.keys() == {"one", "two"}
        assert (found["one"]["pid"], found["one"]["subject"]) == (other.pid, {"seed": 3})
        assert f"process {other.pid} on " in claims.holder("one")
        tidy(tmp_path)
        assert (tmp_path / "claims" / "one.lock").exists(), "it is held"
        other.kill()
        claims.wait(["one"])
        assert running(tmp_path).keys() == {"two"}
        assert claims.take("one")
    assert not (tmp_path / "claims").exists(), "nothing is left behind"


def test_what_the_killed_leave_is_swept(tmp_path, other):
    other.kill()
    other.wait()
    assert [path.name for path in (tmp_path / "claims").iterdir()] == ["one.lock"]
    remove_free(tmp_path)
    assert not (tmp_path / "claims").exists()


def test_one_of_many_has_a_claim_while_files_come_and_go(tmp_path):
    """A file that its holder removes is opened by others before and after."""
    inside, most, lock, done = 0, 0, threading.Lock(), time.monotonic() + 1.0
    taken = 0

    def work():
        nonlocal inside, most, taken
        claims = Claims(tmp_path, silent)
        while time.monotonic() < done:
            if claims.take("one"):
                with lock:
                    inside, taken = inside + 1, taken + 1
                    most = max(most, inside)
                with lock:
                    inside -= 1
                claims.drop("one")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1 and taken > 10


def test_a_claim_that_is_waited_for_is_told_once(tmp_path):
    told = []
    mine, its = Claims(tmp_path, told.append), Claims(tmp_path, silent)
    assert its.take("report")
    threading.Timer(2.5 * POLL, lambda: its.drop("report")).start()
    with mine.hold("report", "writes the report"):
        assert not its.take("report")
    (line,) = told
    assert line.startswith("waiting for another run (process ")
    assert line.endswith("), which writes the report")


def test_without_locks_there_is_one_line_and_no_sharing(tmp_path, monkeypatch):
    def no_locks(file, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    told = []
    with Claims(tmp_path, told.append) as mine, Claims(tmp_path, told.append) as its:
        assert mine.take("one") and mine.take("two") and its.take("one")
        assert len(told) == 2 and "no locks there (No locks available)" in told[0]
        assert running(tmp_path) == {}
        with mine.hold("one", "waits"):
            pass


def test_a_claim_without_space_for_words_is_a_claim(tmp_path, mounted):
    disk = mounted("size=8k")
    (disk / "ballast").write_bytes(bytes(2 * 4096))
    with Claims(disk, silent) as claims:
        assert claims.take("one") and running(disk) == {"one": {}}
        assert not Claims(disk, silent).take("one")
        assert claims.holder("one") == "another run"
