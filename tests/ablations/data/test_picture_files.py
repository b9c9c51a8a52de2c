import io

import numpy as np
import pytest
from PIL import Image

from ablations.data.picture_files import as_errors, decode, why_unreadable

RAMP = np.arange(65536, dtype=np.uint16).reshape(256, 256)
GREY = Image.fromarray((RAMP % 256).astype(np.uint8))
COLOUR = Image.merge("RGB", [GREY, GREY.rotate(90), GREY.rotate(180)])


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8))


def saved(image, kind="PNG", **options):
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def seen(content):
    with as_errors():
        picture = decode(content)
    assert picture.mode == "RGB"
    return np.asarray(picture)


def with_alpha(image, mode):
    image = image.convert(mode)
    image.putalpha(GREY.rotate(90))
    return image


def animation(kind):
    return saved(COLOUR, kind, save_all=True, append_images=[COLOUR.rotate(90)], lossless=True)


def colours():
    return np.asarray(COLOUR.convert("P").convert("RGB"))


RIGHT = {
    "one pixel": (saved(Image.new("RGB", (1, 1), (9, 8, 7))), [[[9, 8, 7]]]),
    "16 bits, grey": (saved(Image.fromarray(RAMP)), (RAMP >> 8)[..., None]),
    "16 bits, grey, TIFF": (saved(Image.fromarray(RAMP), "TIFF"), (RAMP >> 8)[..., None]),
    "16 bits, grey, PGM": (
        b"P5 256 256 65535\n" + RAMP.astype(">u2").tobytes(), (RAMP >> 8)[..., None],
    ),
    "1 bit": (saved(GREY.convert("1")), np.asarray(GREY.convert("1"))[..., None] * 255),
    "grey": (saved(GREY), np.asarray(GREY)[..., None]),
    "grey and alpha": (saved(with_alpha(GREY, "L")), np.asarray(GREY)[..., None]),
    "palette": (saved(COLOUR.convert("P")), colours()),
    "palette, one colour transparent": (saved(COLOUR.convert("P"), transparency=3), colours()),
    "palette, alpha of each": (
        saved(COLOUR.convert("P"), transparency=bytes(range(256))), colours(),
    ),
    "alpha": (saved(with_alpha(COLOUR, "RGB")), np.asarray(COLOUR)),
    "CMYK": (saved(COLOUR.convert("CMYK"), "TIFF"), np.asarray(COLOUR)),
    "YCbCr": (
        saved(COLOUR.convert("YCbCr"), "TIFF"),
        np.asarray(COLOUR.convert("YCbCr").convert("RGB")),
    ),
    "APNG": (animation("PNG"), np.asarray(COLOUR)),
    "animated WebP": (animation("WEBP"), np.asarray(COLOUR)),
    "animated GIF": (
        saved(COLOUR.convert("P"), "GIF", save_all=True, append_images=[COLOUR.rotate(90)]),
        colours(),
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", RIGHT)
def test_what_is_seen_of_a_picture(kind):
    content, expected = RIGHT[kind]
    picture = seen(content)
    assert np.array_equal(picture, np.broadcast_to(expected, picture.shape))


def test_sixteen_bits_have_256_levels_and_next_to_no_white():
    picture = seen(saved(Image.fromarray(RAMP)))
    assert len(np.unique(picture)) == 256
    assert (picture == 255).mean() == 256 / 65536


def test_a_cmyk_jpeg_is_about_its_picture():
    smooth = COLOUR.resize((8, 8)).resize((64, 64), Image.Resampling.BICUBIC)
    picture = seen(saved(smooth.convert("CMYK"), "JPEG", quality=95))
    assert np.abs(picture.astype(int) - np.asarray(smooth)).mean() < 4


@pytest.mark.parametrize(
    ("orientation", "turn"),
    [
        (1, lambda pixels: pixels),
        (2, np.fliplr),
        (3, lambda pixels: np.rot90(pixels, 2)),
        (6, lambda pixels: np.rot90(pixels, -1)),
        (8, np.rot90),
    ],
)
@pytest.mark.parametrize("image", [COLOUR.crop((0, 0, 40, 30)), Image.fromarray(RAMP[:30, :40])])
def test_a_picture_is_turned_as_its_exif_says(orientation, turn, image):
    exif = Image.Exif()
    exif[0x112] = orientation
    assert np.array_equal(seen(saved(image, exif=exif)), turn(seen(saved(image))))


def test_an_exif_that_is_damaged_is_as_none():
    small = COLOUR.resize((40, 30))
    damaged = b"Exif\0\0MM\0*\0\0\0\x08\0\x09\1\2"
    assert np.array_equal(seen(saved(small, "JPEG", exif=damaged)), seen(saved(small, "JPEG")))


def bomb(width, height):
    return saved(Image.new("1", (width, height)))


WRONG = {
    "empty": (b"", "it is empty"),
    "text": (b"hello, no picture", "it is none of BMP, GIF, JPEG, PNG"),
    "half a PNG": (saved(NOISE)[:2000], "truncated"),
    "half a JPEG": (saved(NOISE, "JPEG")[:2000], "truncated"),
    "a JPEG without its end": (saved(NOISE, "JPEG")[:-2], "truncated"),
    "half a progressive JPEG": (saved(NOISE, "JPEG", progressive=True)[:2000], "truncated"),
    "a PNG with a wrong byte": (
        saved(NOISE)[:5000] + b"wrong" + saved(NOISE)[5005:],
        "broken",
    ),
    "a bomb that Pillow refuses": (bomb(20000, 9000), "could be decompression bomb"),
    "a bomb that Pillow warns of": (bomb(10000, 9000), "could be decompression bomb"),
    "32 bits": (saved(Image.fromarray(RAMP.astype(np.int32)), "TIFF"), "have 32 bits"),
    "floats": (saved(Image.fromarray(RAMP.astype(np.float32)), "TIFF"), "have 32 bits"),
    "a program of PostScript": (saved(NOISE, "EPS"), "it is none of"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_what_is_no_picture_is_an_error(kind):
    content, reason = WRONG[kind]
    with pytest.raises(Exception) as raised:
        seen(content)
    assert reason in why_unreadable(raised.value)
