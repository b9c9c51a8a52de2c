import os
import resource
import signal
import stat
import subprocess
import sys
import time

import pytest
from kept import KEY, RECORD

from ablations.records import damage
from ablations.records.files import ABANDONED, make_folder, remove_leftovers, write_text
from ablations.records.store import Store
from ablations.records.trial_record import TRIALS


def test_a_file_is_on_the_disk_before_it_has_its_name_and_its_name_is_too(tmp_path, monkeypatch):
    synced, fsync = [], os.fsync

    def watched(file):
        synced.append((os.readlink(f"/proc/self/fd/{file}"), path.exists()))
        fsync(file)

    path = tmp_path / "a" / "file"
    monkeypatch.setattr(os, "fsync", watched)
    write_text(path, "text")
    (folder, _), (aside, named), (last, at_last) = synced
    assert folder == str(tmp_path)
    assert aside.endswith(".part") and not named
    assert (last, at_last) == (str(path.parent), True)
    assert [p.name for p in path.parent.iterdir()] == ["file"]


def test_others_may_read_a_file_as_they_may_read_any(tmp_path):
    write_text(tmp_path / "ours", "")
    (tmp_path / "any").touch()
    modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert len(modes) == 1


def test_what_a_killed_writer_leaves_is_swept_and_nothing_else(tmp_path):
    code = (
        "import os, signal\n"
        "from pathlib import Path\n"
        "from ablations.records.files import write_text\n"
        "os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"write_text(Path({str(tmp_path / 'kept')!r}), 'new')\n"
    )
    (tmp_path / "kept").write_text("old")
    killed = subprocess.run([sys.executable, "-c", code])
    assert killed.returncode == -signal.SIGKILL
    (left,) = tmp_path.glob(".*")
    assert (tmp_path / "kept").read_text() == "old"
    remove_leftovers([tmp_path, tmp_path / "gone"])
    assert left.exists(), "a writer may be at it"
    old = time.time() - ABANDONED - 60
    for name in (left.name, ".hidden", ".0123.part", "kept"):
        (tmp_path / name).touch()
        os.utime(tmp_path / name, (old, old))
    remove_leftovers([tmp_path])
    assert {path.name for path in tmp_path.iterdir()} == {".hidden", ".0123.part", "kept"}


def test_a_folder_that_is_a_file_is_an_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        make_folder(tmp_path / "file" / "folder")


def test_a_record_waits_for_space(mounted, monkeypatch):
    disk = mounted("size=16k")
    ballast = disk / "ballast"
    ballast.write_bytes(bytes(4 * 4096))
    monkeypatch.setattr(damage, "WAITS", (0.0, 0.0))
    told = []

    def tell(line):
        told.append(line)
        ballast.unlink(missing_ok=True)

    store = Store(disk, TRIALS, tell)
    store.save(RECORD)
    assert store.load(KEY) == RECORD
    assert len(told) == 1 and "No space left on device; next attempt in" in told[0]


@pytest.mark.parametrize("options", ["size=16k", "ro"])
def test_a_record_that_cannot_be_written_is_kept_elsewhere(mounted, monkeypatch, tmp_path, options):
    disk = mounted(options)
    if options != "ro":
        (disk / "ballast").write_bytes(bytes(4 * 4096))
    monkeypatch.setattr(damage, "WAITS", (0.0,))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    store = Store(disk, TRIALS, lambda line: None)
    with pytest.raises(OSError, match="the record is kept in") as raised:
        store.save(RECORD)
    (kept,) = tmp_path.rglob("*.json")
    assert str(kept) in raised.value.strerror and "\n" not in raised.value.strerror
    elsewhere = Store(tmp_path / "other", TRIALS)
    write_text(elsewhere.path(KEY), kept.read_text())
    assert elsewhere.load(KEY) == RECORD


def test_a_limit_of_file_size_is_one_error_and_the_old_file_stays(tmp_path):
    code = (
        "from pathlib import Path\n"
        "from kept import KEY, RECORD\n"
        "from ablations.records.store import Store\n"
        "from ablations.records.trial_record import TRIALS\n"
        f"store = Store(Path({str(tmp_path)!r}), TRIALS)\n"
        "try:\n"
        "    store.save(RECORD)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n"
    )
    store = Store(tmp_path, TRIALS)
    store.save(RECORD)
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(tmp_path)},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200)),
        capture_output=True,
        text=True,
    )
    assert ended.stdout.startswith("File too large; the record is lost, since "), ended.stderr
    assert store.load(KEY) == RECORD and not list(tmp_path.rglob(".*"))
