import gzip
import pickle
import struct

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision import datasets
from torchvision.transforms.v2 import functional

import ablations.data.digits as digits_module
from ablations.data import torchvision_images
from ablations.data.digits import split_sources
from ablations.data.holdout import HELD_OUT, hold_out
from ablations.data.image_folder import centred
from ablations.data.images import batches_of_epoch
from ablations.data.registry import DataRequest
from ablations.data.registry import load_data as load_request
from ablations.data.seeding import seeded
from ablations.errors import SettingError


def load_data(name, data_dir, network_size, split, image_size=None):
    return load_request(DataRequest(name, split, data_dir, image_size, network_size))


def same(first, second):
    return all(
        torch.equal(a, c) and torch.equal(b, d)
        for (a, b), (c, d) in zip(first, second, strict=True)
    )


@pytest.fixture(scope="module")
def digits(tmp_path_factory):
    return load_data("digits", tmp_path_factory.mktemp("data"), 32, "test")


def everything(digits):
    """Bytes of each image."""
    return {image.numpy().tobytes() for image in digits}


def test_no_source_digit_is_in_both_splits():
    (train, train_labels), (test, test_labels) = split_sources()
    assert len(train) + len(test) == 1797
    assert not {image.numpy().tobytes() for image in train} & {
        image.numpy().tobytes() for image in test
    }
    assert set(train_labels.tolist()) == set(test_labels.tolist()) == set(range(10))


def test_validation_digits_are_taken_from_the_training_ones_alone():
    (whole, _), (test, _) = split_sources("test")
    (train, train_labels), (judged, labels) = split_sources("validation")
    assert everything(train) | everything(judged) == everything(whole)
    assert not everything(train) & everything(judged)
    assert not everything(test) & (everything(train) | everything(judged))
    for held, kept in zip(labels.bincount(), train_labels.bincount(), strict=True):
        assert held == round(0.2 * int(held + kept))


@pytest.mark.parametrize("split", ["test", "validation"])
def test_digits_are_made_of_their_own_split_alone(monkeypatch, split):
    made = []
    real = digits_module.compose

    def watched(images, sources, task, generator):
        made.append((images, sources))
        return real(images, sources, task, generator)

    monkeypatch.setattr(digits_module, "compose", watched)
    data = load_data("digits", None, 32, split)
    next(data.train_epoch(0, 0, 8))
    (train, _), (test, _) = split_sources(split)
    (test_images, test_sources), (train_images, train_sources) = made
    assert torch.equal(train_images, train) and torch.equal(train_sources, train)
    assert torch.equal(test_images.unique(dim=0), test.unique(dim=0))
    assert torch.equal(test_sources, test)


def test_digits_are_canvases_with_labels(digits):
    images, labels = next(digits.train_epoch(0, 0, 32))
    assert images.shape == (32, 3, 32, 32) and images.dtype == torch.float32
    assert images.is_contiguous(memory_format=torch.channels_last)
    assert labels.shape == (32,) and labels.dtype == torch.int64
    assert sum(len(y) for _, y in digits.train_epoch(0, 0, 100)) == digits.train_size
    assert sum(len(y) for _, y in digits.test_batches(100)) == digits.test_size


@pytest.mark.parametrize(
    ("batch_size", "sizes"),
    [(32, [32] * 42 + [3]), (673, [673] * 2), (1346, [1346]), (1347, [1347]), (2000, [1347])],
)
def test_a_last_batch_of_one_is_left_out(digits, batch_size, sizes):
    assert [len(y) for _, y in digits.train_epoch(0, 0, batch_size)] == sizes
    assert batches_of_epoch(digits.train_size, batch_size) == len(sizes)
    assert sum(len(y) for _, y in digits.test_batches(59)) == digits.test_size, "1 behind 61 x 59"


def test_digits_follow_from_seed_and_epoch_alone(digits):
    once = list(digits.train_epoch(3, 2, 64))
    torch.rand(5)
    assert same(once, digits.train_epoch(3, 2, 64))
    assert not same(once, digits.train_epoch(4, 2, 64))
    assert not same(once, digits.train_epoch(3, 3, 64))
    assert same(digits.test_batches(100), digits.test_batches(100))


def test_validation_digits_are_judged_on_the_same_canvases_every_time():
    first, second = digits_module.digits("validation"), digits_module.digits("validation")
    assert same(first.test_batches(100), second.test_batches(100))
    assert (first.train_size, first.test_size) == (1078, 8 * 269)
    assert "1078 source images to train on, 269 others" in first.description
    assert first.description.endswith(HELD_OUT)
    assert first.fingerprint != digits_module.digits("test").fingerprint


def test_seeds_do_not_collide():
    draws = {
        float(torch.rand((), generator=seeded(seed, epoch, third)).double())
        for seed in range(20)
        for epoch in range(20)
        for third in range(2)
    }
    assert len(draws) > 790  # of 800; float32 draws may tie


def write_idx(path, array):
    header = struct.pack(">BBBB", 0, 0, 8, array.ndim)
    path.write_bytes(header + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes())


@pytest.fixture
def fashion_mnist(tmp_path):
    """A tiny Fashion-MNIST in the files of the real one."""
    raw = tmp_path / "FashionMNIST" / "raw"
    raw.mkdir(parents=True)
    generator = np.random.default_rng(0)
    for split, count in (("train", 40), ("t10k", 20)):
        write_idx(
            raw / f"{split}-images-idx3-ubyte",
            generator.integers(0, 256, (count, 28, 28), dtype=np.uint8),
        )
        write_idx(raw / f"{split}-labels-idx1-ubyte", np.arange(count, dtype=np.uint8) % 10)
    return tmp_path


@pytest.fixture
def debian(fashion_mnist, monkeypatch):
    """The same images in the files of Debian's package, from which it cannot be downloaded."""
    folder = fashion_mnist / "debian"
    folder.mkdir()
    for path in (fashion_mnist / "FashionMNIST" / "raw").iterdir():
        (folder / f"{path.name}.gz").write_bytes(gzip.compress(path.read_bytes()))
    monkeypatch.setattr(torchvision_images, "DEBIAN", folder)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    return folder


def test_fashion_mnist_of_debian_is_the_same_and_nothing_is_written(fashion_mnist, debian):
    theirs = load_data("fashion-mnist", fashion_mnist, 32, "test")
    (fashion_mnist / "FashionMNIST").rename(fashion_mnist / "gone")
    before = sorted(fashion_mnist.rglob("*"))
    data = load_data("fashion-mnist", fashion_mnist / "nowhere", 32, "test")
    assert same(data.test_batches(9), theirs.test_batches(9))
    assert same(data.train_epoch(1, 0, 9), theirs.train_epoch(1, 0, 9))
    assert data.fingerprint == theirs.fingerprint
    assert sorted(fashion_mnist.rglob("*")) == before


def test_fashion_mnist_in_the_data_directory_comes_first(fashion_mnist, debian):
    first = load_data("fashion-mnist", fashion_mnist, 32, "test").fingerprint
    write_idx(
        fashion_mnist / "FashionMNIST" / "raw" / "t10k-labels-idx1-ubyte",
        np.full(20, 9, dtype=np.uint8),
    )
    assert load_data("fashion-mnist", fashion_mnist, 32, "test").fingerprint != first
    assert load_data("fashion-mnist", debian, 32, "test").fingerprint == first


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-20],
        lambda content: b"",
        lambda content: b"\x1f\x8b" + content[9:],
        lambda content: gzip.compress(gzip.decompress(content)[:-1]),
        lambda content: gzip.compress(b"\0\0\x08\x03\0\0"),
        lambda content: gzip.compress(b"hello"),
    ],
)
@pytest.mark.parametrize("name", ["train-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"])
def test_files_of_debian_that_are_damaged_are_one_line(debian, damage, name, tmp_path):
    (debian / name).write_bytes(damage((debian / name).read_bytes()))
    where = tmp_path / "nowhere"
    with pytest.raises(SettingError) as error:
        load_data("fashion-mnist", where, 32, "test")
    message = str(error.value)
    assert f"looked for {where / 'FashionMNIST/raw'} and {debian}, which are missing" in message
    assert "\n" not in message and not where.exists()


def test_fashion_mnist_keeps_its_size_and_its_images(fashion_mnist):
    data = load_data("fashion-mnist", fashion_mnist, 32, "test")
    assert (data.train_size, data.test_size, data.classes, data.image_size) == (40, 20, 10, 28)
    images, _ = next(data.train_epoch(0, 0, 40))
    again, _ = next(data.train_epoch(0, 1, 40))
    assert images.shape == (40, 3, 28, 28) and not torch.equal(images, again)
    assert torch.equal(images.sum((1, 2, 3)).sort()[0], again.sum((1, 2, 3)).sort()[0])
    assert same(data.train_epoch(1, 0, 16), data.train_epoch(1, 0, 16))


def test_fashion_mnist_holds_out_validation_images_and_reads_no_test_images(fashion_mnist):
    for path in (fashion_mnist / "FashionMNIST" / "raw").glob("t10k*"):
        path.write_bytes(b"")  # has to be there for torchvision
    whole = datasets.FashionMNIST(fashion_mnist, train=True)
    kept, held = hold_out(whole.targets.tolist(), whole.classes)
    data = load_data("fashion-mnist", fashion_mnist, 32, "validation")
    assert (data.train_size, data.test_size, data.classes) == (30, 10, 10)
    assert "30 training and 10 validation images" in data.description
    assert data.description.endswith(HELD_OUT)
    images, labels = next(data.test_batches(10))
    assert torch.equal(labels, whole.targets[held])
    pixels = whole.data.float() / 255
    trained = pixels[kept]
    torch.testing.assert_close(images[:, 0], (pixels[held] - trained.mean()) / trained.std())
    _, trained_labels = next(data.train_epoch(0, 0, 30))
    assert sorted(trained_labels.tolist()) == sorted(whole.targets[kept].tolist())


def test_cifar_is_found_and_flipped(tmp_path, monkeypatch):
    folder = tmp_path / "cifar-10-batches-py"
    folder.mkdir()
    column = np.tile(np.arange(32, dtype=np.uint8) * 8, (20, 3 * 32))
    names = [name for name, _ in datasets.CIFAR10.train_list + datasets.CIFAR10.test_list]
    for name in names:
        content = {"data": column.reshape(20, 3072), "labels": [i % 10 for i in range(20)]}
        (folder / name).write_bytes(pickle.dumps(content))
    (folder / "batches.meta").write_bytes(pickle.dumps({"label_names": list("abcdefghij")}))
    monkeypatch.setattr(datasets.CIFAR10, "_check_integrity", lambda self: True)
    monkeypatch.setattr(datasets.cifar, "check_integrity", lambda path, md5: True)
    data = load_data("cifar10", tmp_path, 32, "test")
    assert (data.train_size, data.test_size, data.classes) == (100, 20, 10)
    images, _ = next(data.train_epoch(0, 0, 100))
    rising = images[:, 0, 16, 20] > images[:, 0, 16, 10]
    assert 20 < int(rising.sum()) < 80  # about half are mirrored


@pytest.mark.parametrize("name", ["cifar10", "cifar100", "fashion-mnist"])
def test_offline_and_not_there_is_one_line(name, tmp_path, monkeypatch):
    monkeypatch.setattr(torchvision_images, "DEBIAN", tmp_path / "debian")
    nowhere = "http://127.0.0.1:9/"
    monkeypatch.setattr(datasets.CIFAR10, "url", nowhere)
    monkeypatch.setattr(datasets.CIFAR100, "url", nowhere)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [nowhere])
    where = tmp_path / "deep" / "data"
    with pytest.raises(SettingError) as error:
        load_data(name, where, 32, "test")
    message = str(error.value)
    assert "\n" not in message
    assert message.startswith(f"dataset {name}: looked for {where}")
    assert "--data-dir" in message and "--dataset digits" in message
    assert not any(tmp_path.iterdir())


@pytest.fixture
def image_folder(tmp_path):
    generator = np.random.default_rng(0)
    for split, count in (("train", 6), ("val", 3)):
        for label in ("cat", "dog"):
            folder = tmp_path / split / label
            folder.mkdir(parents=True)
            for index in range(count):
                pixels = generator.integers(0, 256, (40, 48, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(folder / f"{index}.png")
    return tmp_path


def test_image_folder(image_folder):
    data = load_data(f"imagefolder:{image_folder}", image_folder, 32, "test")
    assert (data.train_size, data.test_size, data.classes, data.image_size) == (12, 6, 2, 32)
    first = list(data.train_epoch(0, 0, 5))
    torch.rand(3)
    assert [x.shape for x, _ in first] == [(5, 3, 32, 32), (5, 3, 32, 32), (2, 3, 32, 32)]
    assert same(first, data.train_epoch(0, 0, 5))
    assert not same(first, data.train_epoch(0, 1, 5))
    assert (
        data.fingerprint == load_data(f"imagefolder:{image_folder}", None, 32, "test").fingerprint
    )
    (image_folder / "train" / "cat" / "0.png").unlink()
    assert (
        data.fingerprint != load_data(f"imagefolder:{image_folder}", None, 32, "test").fingerprint
    )
    assert sum(len(y) for _, y in data.test_batches(4)) == 6


@pytest.mark.parametrize("workers", [1, 2])
def test_augmentation_does_not_depend_on_who_reads(image_folder, workers):
    name = f"imagefolder:{image_folder}"
    here, beside = (
        load_request(DataRequest(name, "test", image_folder, None, 32, count))
        for count in (0, workers)
    )
    assert same(here.train_epoch(1, 2, 5), beside.train_epoch(1, 2, 5))
    assert same(here.test_batches(4), beside.test_batches(4))


def test_augmentation_does_not_depend_on_the_batch(image_folder):
    data = load_data(f"imagefolder:{image_folder}", image_folder, 32, "test")
    fives, threes = (
        torch.cat([images for images, _ in data.train_epoch(1, 2, size)]) for size in (5, 3)
    )
    assert torch.equal(fives, threes)


def test_photographs_are_tested_as_in_the_paper(image_folder):
    data = load_data(f"imagefolder:{image_folder}", image_folder, 224, "test")
    images, _ = next(data.test_batches(1))
    picture = Image.open(image_folder / "val" / "cat" / "0.png").convert("RGB")
    middle = functional.center_crop(functional.resize(picture, 256), 224)
    colours = functional.to_dtype(functional.to_image(middle), torch.float32, scale=True)
    normal = functional.normalize(colours, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
    torch.testing.assert_close(images[0], normal)
    trained, _ = next(data.train_epoch(0, 0, 2))
    assert trained.shape == (2, 3, 224, 224)


def test_another_image_under_the_same_name_is_another_data_set(image_folder):
    name = f"imagefolder:{image_folder}"
    before = load_data(name, None, 32, "test").fingerprint
    assert load_data(name, None, 32, "test").fingerprint == before
    pixels = np.full((40, 40, 3), 7, dtype=np.uint8)
    Image.fromarray(pixels).save(next((image_folder / "train" / "cat").iterdir()))
    assert load_data(name, None, 32, "test").fingerprint != before


def test_an_image_folder_holds_out_validation_images(image_folder):
    name = f"imagefolder:{image_folder}"
    (image_folder / "val").rename(image_folder / "gone")
    data = load_data(name, None, 32, "validation")
    assert (data.train_size, data.test_size, data.classes) == (10, 2, 2)
    assert "10 to train on and 2 to validate on, 2 classes" in data.description
    assert data.description.endswith(HELD_OUT)
    plain = datasets.ImageFolder(image_folder / "train", centred(32))
    kept, held = hold_out(plain.targets, plain.classes)
    (batch,) = data.test_batches(9)
    assert same([batch], [(torch.stack([plain[i][0] for i in held]), torch.tensor([0, 1]))])
    assert data.train.indices == kept and not set(kept) & set(held)
    assert len(list(data.train_epoch(0, 0, 4))) == 3
    assert not same(data.train_epoch(0, 0, 5), data.train_epoch(0, 1, 5))


def test_a_last_batch_of_one_photograph_is_left_out(image_folder):
    (image_folder / "train" / "cat" / "0.png").unlink()
    data = load_data(f"imagefolder:{image_folder}", None, 32, "test")
    assert [len(y) for _, y in data.train_epoch(0, 0, 5)] == [5, 5]
    assert [len(y) for _, y in data.train_epoch(0, 0, 1)] == [1] * 11
    assert [len(y) for _, y in data.test_batches(5)] == [5, 1]


def test_a_class_of_one_image_has_none_to_hold_out(image_folder):
    for index in range(1, 6):
        (image_folder / "train" / "dog" / f"{index}.png").unlink()
    with pytest.raises(SettingError, match="class dog has a single training image") as error:
        load_data(f"imagefolder:{image_folder}", None, 32, "validation")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda root: root.rename(root.with_name("gone")), "is not a directory"),
        (lambda root: (root / "val").rename(root / "test"), "has no directory val"),
        (
            lambda root: (root / "val" / "dog").rename(root / "dog"),
            "class dog of .*train is missing in .*val",
        ),
        (
            lambda root: [(root / s / "dog").rename(root / f"{s}dog") for s in ("train", "val")],
            "has a single class",
        ),
        (
            lambda root: (root / "train" / "dog").rename(root / "train" / "wolf"),
            "class wolf of .*train is missing in .*val",
        ),
        (
            lambda root: [path.unlink() for path in (root / "val" / "cat").iterdir()],
            "class cat of .*val has no images",
        ),
    ],
)
def test_what_is_no_image_folder(image_folder, damage, message):
    damage(image_folder)
    with pytest.raises(SettingError, match=message) as error:
        load_data(f"imagefolder:{image_folder}", image_folder, 32, "test")
    assert "\n" not in str(error.value)
