import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import binomtest
from seen import seen

from ablations.costs.published import zoo, zoo_row
from ablations.data.image_folder import centred
from ablations.errors import SettingError
from ablations.run.evaluation import Evaluation, evaluate
from ablations.run.evaluation_settings import ZOO_MODELS
from ablations.statistics.estimate import wilson_interval
from involution_core import build_network

CLASSES = 7
CPU = torch.device("cpu")


def picture(rng, path, width=60, height=44):
    """A coarse pattern, so that what a crop leaves out changes what is seen."""
    coarse = rng.integers(0, 256, (6, 8, 3), dtype=np.uint8)
    Image.fromarray(coarse).resize((width, height)).save(path)


@pytest.fixture(scope="module")
def network():
    torch.manual_seed(4)
    return build_network("rednet-small", classes=CLASSES)


@pytest.fixture(scope="module")
def photos(network, tmp_path_factory):
    """20 photos, and each one's classes in the order of the network's scores."""
    folder = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    paths = [folder / f"{index}.png" for index in range(20)]
    for index, path in enumerate(paths):
        picture(rng, path, *((60, 44) if index % 2 else (44, 75)))
    with torch.no_grad():
        images = torch.tensor(np.stack([seen(path, 32) for path in paths]))
        scores = network.eval()(images).numpy()
    assert len(set(scores.argmax(1))) > 1
    return paths, np.argsort(-scores, axis=1)


def folders(root, classes=CLASSES):
    for index in range(classes):
        (root / f"class{index}").mkdir(parents=True)
    return root


@pytest.fixture
def dataset(photos, tmp_path):
    """The photos as an image folder in which 8 lie where the network's first guess is, 7 where its
    second, third, fourth or fifth, and 5 where its sixth or last."""
    root = folders(tmp_path / "photos" / "val")
    for index, (path, order) in enumerate(zip(*photos, strict=True)):
        place = 0 if index < 8 else 1 + index % 4 if index < 15 else 5 + index % 2
        (root / f"class{order[place]}" / path.name).write_bytes(path.read_bytes())
    return f"imagefolder:{root.parent}"


@pytest.mark.parametrize("batch_size", [1, 6, 50])
def test_right_guesses_are_counted(network, dataset, batch_size):
    told = []
    result = evaluate(
        network.train(), dataset, batch_size, CPU, lambda done, of: told.append((done, of))
    )
    assert (result.top1_right, result.top5_right, result.images) == (8, 15, 20)
    assert (result.top1, result.top5, result.classes) == (40.0, 75.0, CLASSES)
    assert result.seconds > 0 and result.source.name == "val"
    expected = [min(start + batch_size, 20) for start in range(0, 20, batch_size)]
    assert told == [(done, 20) for done in expected]
    assert not network.training


def test_class_folders_may_lie_directly_below_the_path(network, dataset):
    assert evaluate(network, f"{dataset}/val", 20, CPU).top1_right == 8


def test_a_training_split_beside_is_not_looked_at(network, dataset, tmp_path):
    (tmp_path / "photos" / "train" / "other").mkdir(parents=True)
    assert evaluate(network, dataset, 20, CPU).top1_right == 8


def test_fewer_than_five_classes_have_a_top5_of_100(tmp_path):
    root = folders(tmp_path, 3)
    picture(np.random.default_rng(1), root / "class2" / "only.jpg")
    result = evaluate(build_network("rednet-small", classes=3), f"imagefolder:{tmp_path}", 4, CPU)
    assert (result.top5, result.images) == (100.0, 1)


@pytest.mark.parametrize("size", [(500, 300), (300, 501), (224, 224), (90, 400)])
def test_images_are_seen_at_224_as_usual(size, tmp_path):
    path = tmp_path / "photo.png"
    picture(np.random.default_rng(2), path, *size)
    with Image.open(path) as image:
        got = centred(224)(image.convert("RGB"))
    assert got.shape == (3, 224, 224)
    torch.testing.assert_close(got, torch.tensor(seen(path, 224)), rtol=0, atol=1e-5)


def test_grey_and_transparent_images_are_read(tmp_path):
    root = folders(tmp_path, 3)
    for mode in ("L", "RGBA", "P", "1"):
        Image.new(mode, (50, 40)).save(root / "class0" / f"{mode}.png")
    network = build_network("rednet-small", classes=3)
    assert evaluate(network, f"imagefolder:{root}", 4, CPU).images == 4


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda val: val.parent.rename(val.parent.with_name("gone")), "is not a directory"),
        (lambda val: val.rename(val.with_name("train")), "has train but no val"),
        (lambda val: (val / "class6").rename(val.parent / "class6"), "val has 6 classes, the net"),
        (lambda val: [path.unlink() for path in val.glob("*/*")], "no images under .*val"),
        (
            lambda val: next(val.glob("*/7.png")).write_bytes(b"no image"),
            "1 of 20 images cannot be used; mend or remove them",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_one_line(network, dataset, damage, message, tmp_path):
    damage(tmp_path / "photos" / "val")
    with pytest.raises(SettingError, match=message) as error:
        evaluate(network, dataset, 4, CPU)
    assert "\n" not in str(error.value) and "Traceback" not in str(error.value)


def test_a_folder_without_classes(network, tmp_path):
    picture(np.random.default_rng(0), tmp_path / "photo.png")
    with pytest.raises(SettingError, match=r"no folders of classes in .*; expected PATH/val/CLA"):
        evaluate(network, f"imagefolder:{tmp_path}", 4, CPU)


def test_every_image_that_is_none_is_listed(network, dataset, tmp_path):
    paths = sorted((tmp_path / "photos" / "val").glob("*/1*.png"))
    for path in paths:
        path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(SettingError) as error:
        evaluate(network, dataset, 4, CPU)
    assert error.value.listed == [f"{path}: image file is truncated" for path in paths]


def test_an_image_that_breaks_after_it_was_looked_at_is_one_line(network, dataset, tmp_path):
    path = next((tmp_path / "photos").glob("val/*/7.png"))

    def break_one(done, of):
        path.write_bytes(b"no image")

    with pytest.raises(SettingError, match=r"7.png cannot be read as an image \(it was") as error:
        evaluate(network, dataset, 4, CPU, on_look=break_one)
    assert "\n" not in str(error.value) and "Traceback" not in str(error.value)


def test_sixteen_bits_are_seen_as_eight(network, tmp_path):
    """A photo of 16 bits has to be guessed as the same one of 8."""
    root, rng = folders(tmp_path / "photos"), np.random.default_rng(3)
    high = rng.integers(0, 256, (40, 40), dtype=np.uint16)
    Image.fromarray(high.astype(np.uint8)).save(root / "class0" / "eight.png")
    Image.fromarray((high << 8) + 77).save(root / "class0" / "sixteen.png")
    scores = []
    hook = network.register_forward_hook(lambda *called: scores.append(called[-1]))
    evaluate(network, f"imagefolder:{root}", 2, CPU)
    hook.remove()
    assert torch.equal(*scores[0])


def test_outputs_that_are_not_finite_are_no_guesses(dataset):
    broken = build_network("rednet-small", classes=CLASSES)
    torch.nn.init.constant_(broken.classifier.bias, float("nan"))
    with pytest.raises(FloatingPointError, match="the network's outputs are not finite"):
        evaluate(broken, dataset, 20, CPU)


@pytest.mark.parametrize(("right", "n"), [(0, 1), (1, 1), (8, 20), (0, 50), (39_175, 50_000)])
def test_wilsons_interval_is_scipys(right, n, tmp_path):
    expected = binomtest(right, n).proportion_ci(0.95, method="wilson")
    assert wilson_interval(right, n) == pytest.approx((expected.low, expected.high), abs=1e-12)
    result = Evaluation(right, n, n, 1000, tmp_path, CPU, 1.0)
    assert result.top1_interval == pytest.approx((100 * expected.low, 100 * expected.high))
    assert result.top5_interval[1] == pytest.approx(100)


def test_every_network_of_the_zoo_has_its_published_row():
    assert [zoo_row(name) for name in ZOO_MODELS] == list(zoo().values())
    assert (zoo_row("rednet50").top1_percent, zoo_row("rednet50").top5_percent) == (
        "78.35",
        "94.13",
    )
