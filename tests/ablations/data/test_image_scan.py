import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ablations.data import image_scan
from ablations.data.class_folders import list_classes
from ablations.data.image_cache import FOLDER_VARIABLE, ImageCache, cache_folder
from ablations.data.image_folder import image_folder
from ablations.data.image_scan import look_at
from ablations.data.picture_files import ENDINGS, UnreadableImage
from ablations.errors import SettingError


def paint(path, shade=0):
    Image.fromarray(np.full((9, 9, 3), shade, dtype=np.uint8)).save(path)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """Three images per class and part, old enough for the cache, which is empty."""
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path / "cache"))
    monkeypatch.setattr(image_scan, "SETTLED_SECONDS", 0)
    for part in ("train", "val"):
        for place, name in enumerate(("cat", "dog")):
            folder = tmp_path / "images" / part / name
            folder.mkdir(parents=True)
            for index in range(3):
                paint(folder / f"{index}.png", 10 * place + index)
    return tmp_path / "images"


def load(root, **options):
    return image_folder(f"imagefolder:{root}", Path(root), 8, "test", **options)


def looked(root):
    """How many images were read to be looked at."""
    told = [0]
    load(root, skip_bad=True, on_look=lambda done, of: told.append(done))
    return told[-1]


def test_a_second_look_reads_nothing_and_finds_the_same(root):
    first = load(root)
    assert looked(root) == 0
    assert load(root).fingerprint == first.fingerprint


def test_touching_moving_and_copying_is_no_change(root):
    first = load(root).fingerprint
    os.utime(root / "train" / "cat" / "0.png")
    assert looked(root) == 1
    moved = root.rename(root.parent / "moved")
    assert load(moved).fingerprint == load(f"{moved}/../moved").fingerprint == first


def test_a_byte_that_changes_is_seen_whatever_size_and_time_say(root):
    first = load(root).fingerprint
    path = root / "train" / "cat" / "0.png"
    content, state = path.read_bytes(), path.stat()
    paint(path, 200)
    path.write_bytes(path.read_bytes().ljust(len(content), b"\0")[: len(content)])
    changed = path.read_bytes()
    assert changed != content and len(changed) == len(content)
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert load(root).fingerprint != first


def test_a_name_or_a_class_that_changes_is_seen(root):
    first = load(root).fingerprint
    (root / "train" / "cat" / "0.png").rename(root / "train" / "cat" / "9.png")
    second = load(root).fingerprint
    (root / "train" / "cat" / "9.png").rename(root / "train" / "dog" / "9.png")
    assert len({first, second, load(root).fingerprint}) == 3


def test_what_has_just_changed_is_not_kept(root, monkeypatch):
    monkeypatch.setattr(image_scan, "SETTLED_SECONDS", 60)
    load(root)
    assert looked(root) == 12


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: os.urandom(len(content)),
        lambda content: content[: len(content) // 2],
        lambda content: content[5:],
        lambda content: content.replace(b'"', b"'"),
        lambda content: content + b"00000000 [1]\n\xff\xfe\n",
    ],
)
def test_a_damaged_cache_costs_time_alone(root, damage):
    first = load(root).fingerprint
    (file,) = (cache_folder() / "images").iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert load(root).fingerprint == first
    assert looked(root) == 0


@pytest.mark.parametrize("place", ["file", "/proc/nowhere", "~nobody-of-that-name/x"])
def test_no_place_for_a_cache_costs_time_alone(root, monkeypatch, place):
    (root.parent / "file").touch()
    monkeypatch.chdir(root.parent)
    monkeypatch.setenv(FOLDER_VARIABLE, place)
    assert load(root).train_size == 6 and looked(root) == 12


def test_programs_that_look_at_the_same_time_keep_whole_lines(root):
    cache, entries = (
        ImageCache(root),
        [(f"{i}.png", "s", image_scan.Verdict("0" * 64)) for i in range(300)],
    )
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda entry: ImageCache(root).add([entry] * 20), entries))
    assert len(cache.load()) == 300


BAD = {
    "text.png": lambda path: path.write_text("no picture"),
    "cut.jpg": lambda path: path.write_bytes(b"\xff\xd8\xff\xe0 and so on"),
    "empty.png": lambda path: path.touch(),
    "nowhere.png": lambda path: path.symlink_to("gone.png"),
    "circle.png": lambda path: path.symlink_to("circle.png"),
    "pipe.png": os.mkfifo,
    "line\nend\x1b[31m.png": lambda path: path.touch(),
    os.fsdecode(b"caf\xe9.png"): lambda path: path.touch(),
}


def test_all_that_cannot_be_used_is_listed(root):
    for name, make in BAD.items():
        make(root / "train" / "cat" / name)
    with pytest.raises(SettingError) as raised:
        load(root)
    error = raised.value
    assert "8 of 20 images cannot be used; mend or remove them, or leave them out" in str(error)
    at = f"{root}/train/cat"
    assert sorted(error.listed) == sorted([
        f"{at}/text.png: it is none of BMP, GIF, JPEG, PNG, PPM, TIFF, WEBP",
        f"{at}/cut.jpg: Truncated File Read",
        f"{at}/empty.png: it is empty",
        f"{at}/nowhere.png: No such file or directory",
        f"{at}/circle.png: Too many levels of symbolic links",
        f"{at}/pipe.png: it is no regular file",
        f"{at}/line\\nend\\x1b[31m.png: it is empty",
        f"{at}/caf\\xe9.png: it is empty",
    ])  # fmt: skip


def test_what_cannot_be_used_can_be_left_out_and_is_counted(root):
    whole = load(root).fingerprint
    for name, make in BAD.items():
        make(root / "train" / "cat" / name)
    (root / "val" / "dog" / "2.png").write_bytes(b"")
    data = load(root, skip_bad=True)
    assert (data.train_size, data.test_size) == (6, 5)
    assert "; left out: 9 that cannot be used" in data.description
    assert data.fingerprint != whole
    paint(root / "val" / "dog" / "2.png", 12)
    assert load(root, skip_bad=True).fingerprint == whole, "the same images are the same data"


def test_a_long_list_is_cut_and_kept_as_a_whole(root):
    for index in range(30):
        (root / "train" / "cat" / f"x{index}.png").touch()
    with pytest.raises(SettingError) as raised:
        load(root)
    assert len(raised.value.listed) == 21
    words, _, file = raised.value.listed[-1].rpartition(" ")
    assert words == "and 10 more; all of them:"
    assert len(Path(file).read_text().splitlines()) == 30


def test_names_that_are_no_utf8_are_names(root):
    for part in ("train", "val"):
        (root / part / "cat").rename(root / part / os.fsdecode(b"caf\xe9\n"))
        (root / part / "dog" / "1.png").rename(root / part / "dog" / os.fsdecode(b"\xe9.png"))
    data = load(root)
    assert looked(root) == 0
    data.description.encode(), data.fingerprint.encode()
    assert len(list(data.train_epoch(0, 0, 6))) == 1
    (root / "val" / os.fsdecode(b"caf\xe9\n")).rename(root / "val" / "cow")
    with pytest.raises(SettingError, match=r"class caf\\xe9\\n of .* is missing") as raised:
        load(root)
    str(raised.value).encode()


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda path: path.unlink(), "No such file or directory"),
        (lambda path: path.write_bytes(path.read_bytes()[:50]), "it was changed after it had been"),
        (lambda path: paint(path, 99), "it was changed after it had been"),
    ],
)
def test_an_image_that_changes_after_it_was_looked_at_is_named(root, change, problem):
    data, path = load(root), root / "train" / "dog" / "1.png"
    change(path)
    with pytest.raises(UnreadableImage, match=problem) as raised:
        list(data.train_epoch(0, 0, 6))
    assert str(path) in str(raised.value)


def test_hidden_folders_are_no_classes_and_it_is_said(root):
    (root / "train" / ".ipynb_checkpoints").mkdir()
    (root / "train" / "cat" / "._0.png").write_bytes(b"\0\5\x16\7")
    (root / "val" / "cat" / "list.csv").touch()
    data = load(root)
    assert (data.classes, data.train_size) == (2, 6)
    assert data.description.endswith("; passed over: 2 hidden, 1 .csv")


def test_a_class_that_is_written_otherwise_is_named(root):
    (root / "val" / "cat").rename(root / "val" / "Cat")
    with pytest.raises(SettingError, match=r"class cat of .* is missing in .*, which has Cat;"):
        load(root)


def test_a_class_without_images_is_named_with_what_is_there_instead(root):
    for path in (root / "train" / "cat").iterdir():
        path.rename(path.with_suffix(".raw"))
    with pytest.raises(SettingError, match=r"class cat of .* has no images \(passed.*: 3 \.raw\)"):
        load(root)


def test_what_may_not_be_read_is_listed(monkeypatch):
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        root.chmod(0o755)
        monkeypatch.setenv(FOLDER_VARIABLE, f"{folder}/cache")
        (root / "cat" / "inside").mkdir(parents=True)
        paint(root / "cat" / "0.png")
        (root / "cat" / "0.png").chmod(0)
        (root / "cat" / "inside").chmod(0)
        owner = os.geteuid()
        if owner == 0:
            os.seteuid(65534)
        try:
            _, faults = look_at(root, [list_classes(root, ENDINGS)], lambda done, of: None)
        finally:
            os.seteuid(owner)
            (root / "cat" / "inside").chmod(0o755)
    assert {os.path.relpath(f.path, root): f.reason for f in faults} == {
        "cat/0.png": "Permission denied",
        "cat/inside": "Permission denied",
    }
