import os

import pytest

from ablations.data.class_folders import list_classes, skipped_words
from ablations.data.picture_files import ENDINGS


@pytest.fixture
def root(tmp_path):
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.png").touch()
    return tmp_path


def listed(root):
    found = list_classes(root, ENDINGS)
    return [(os.path.relpath(path, root), label) for path, label in found.files], found


def test_files_are_those_that_torchvision_finds_in_its_order(root):
    from torchvision import datasets

    (root / "cat" / "b").mkdir()
    for name in ("b/z.JPG", "b/a.png", "b.png", "B.webp", "Z.jpeg", "b!.bmp"):
        (root / "cat" / name).touch()
    theirs = datasets.ImageFolder(root)
    found = list_classes(root, ENDINGS)
    assert (found.classes, found.files) == (theirs.classes, theirs.samples)


def test_what_other_programs_leave_is_passed_over_and_counted(root):
    for folder in (
        ".ipynb_checkpoints",
        "cat/.ipynb_checkpoints",
        "__MACOSX",
        "lost+found",
        "@eaDir",
    ):
        (root / folder).mkdir()
        (root / folder / "a.png").touch()
    for name in (
        "cat/._a.png",
        ".DS_Store",
        "README",
        "cat/notes.TXT",
        "dog/b.txt",
        "dog/Makefile",
    ):
        (root / name).touch()
    files, found = listed(root)
    assert files == [("cat/a.png", 0), ("dog/a.png", 1)]
    assert found.classes == ["cat", "dog"] and not found.faults
    assert skipped_words(found.skipped) == (
        "7 hidden, 2 .txt, 1 outside of the classes' folders, 1 without an ending"
    )


def test_many_endings_are_summed_up(root):
    for index in range(9):
        (root / "cat" / f"x.e{index}").touch()
    assert skipped_words(listed(root)[1].skipped).endswith("1 .e5, 3 others")


def test_a_folder_that_is_called_like_a_picture_is_a_folder(root):
    (root / "cat" / "x.png").mkdir()
    (root / "cat" / "x.png" / "inside.png").touch()
    assert ("cat/x.png/inside.png", 0) in listed(root)[0]


def test_links_are_followed_but_not_in_circles(root):
    (root / "elsewhere").mkdir()
    (root / "elsewhere" / "c.png").touch()
    (root / "elsewhere").rename(root.parent / "elsewhere")
    (root / "owl").symlink_to(root.parent / "elsewhere")
    (root / "cat" / "again").symlink_to(root / "cat")
    (root / "cow").symlink_to(root / "cow")
    (root / "bee").symlink_to("gone")
    files, found = listed(root)
    assert files == [("cat/a.png", 0), ("dog/a.png", 1), ("owl/c.png", 2)]
    assert {os.path.relpath(fault.path, root): fault.reason for fault in found.faults} == {
        "cat/again": "a link to a folder that it lies in",
        "cow": "a link that leads nowhere",
        "bee": "a link that leads nowhere",
    }
