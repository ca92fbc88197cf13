"""What a file is, and that nothing of it is kept but what it shows."""

import io
import os
from typing import Any

import pytest
from PIL import Image

from gateway import media
from gateway.channels.media import MediaRefused
from gateway.settings import ROOT, load
from parsers.messages import Location
from tests.drawn import JPEG, VOICE, bomb, drawn, exif

TYPES = load(ROOT / "config.yaml", {}).attachments.types


def look(content: bytes, said: str = "", **more: Any) -> media.Clean:
    return media.clean(content, said, **{"types": TYPES, "max_pixels": 1_000_000} | more)


# --- what a file is


@pytest.mark.parametrize(
    ("content", "said", "found"),
    [
        (drawn("PNG"), "image/png", "image/png"),
        (drawn("PNG"), "image/jpeg", "image/png"),  # phones mistake one picture for another
        (drawn("WEBP"), "image/webp", "image/webp"),
        (drawn("GIF", "P"), "image/gif", "image/png"),
        (drawn("JPEG"), "image/jpg", "image/jpeg"),
        (drawn("JPEG"), "", "image/jpeg"),
        (drawn("JPEG"), "application/octet-stream", "image/jpeg"),
        (VOICE, "audio/ogg; codecs=opus", "audio/ogg"),
        (b"ID3\x03" + bytes(60), "audio/mp3", "audio/mpeg"),
        (b"\xff\xfb\x90\x64" + bytes(60), "audio/mpeg", "audio/mpeg"),
        (b"\xff\xf3\x48\xc4" + bytes(60), "audio/mpeg", "audio/mpeg"),
        (b"\xff\xf1\x50\x80" + bytes(60), "audio/aac", "audio/aac"),
        (b"#!AMR\n\x3c" + bytes(60), "audio/amr", "audio/amr"),
        (b"\0\0\0\x20ftypisom\0\0\2\0isomiso2" + bytes(60), "video/mp4", "video/mp4"),
        (b"\0\0\0\x18ftypiso5\0\0\0\1iso5hlsf" + bytes(60), "video/mp4", "video/mp4"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom" + bytes(60), "audio/mp4", "audio/mp4"),
        (b"\0\0\0\x20ftypM4A \0\0\0\0M4A mp42" + bytes(60), "", "audio/mp4"),
        (b"\0\0\0\x18ftyp3gp5\0\0\1\0isom3gp4" + bytes(60), "audio/3gpp", "audio/3gpp"),
        (b"\0\0\0\x18ftyp3gp4\0\0\0\0isom3gp4" + bytes(60), "video/3gpp", "video/3gpp"),
        (b"%PDF-1.7\n%\xe2\xe3" + bytes(60), "application/pdf", "application/pdf"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}",
)
def test_a_file_is_what_its_content_shows(content: bytes, said: str, found: str):
    assert look(content, said).content_type == found


LIE = "it is said to be of another type, its content is "


@pytest.mark.parametrize(
    ("content", "said", "reason"),
    [
        (b"MZ\x90\0\x03" + bytes(60), "image/jpeg", "no type that we take"),
        (b"\x7fELF\2\1\1" + bytes(60), "", "no type that we take"),
        (b"#!/bin/sh\nrm -rf /", "application/x-sh", "no type that we take"),
        (b"PK\3\4\x14\0" + bytes(60), "application/pdf", "no type that we take"),
        (b"<!DOCTYPE html><script>alert(1)</script>", "text/html", "no type that we take"),
        (b"<html>", "image/png", "no type that we take"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml", "no type that we take"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(60), "image/heic", "no type that we take"),
        (b"\0\0\0\x14ftypqt  \0\0\2\0qt  " + bytes(60), "video/mp4", "no type that we take"),
        (drawn("TIFF"), "image/jpeg", "no type that we take"),
        (drawn("BMP"), "image/bmp", "no type that we take"),
        (b"", "image/jpeg", "no type that we take"),
        (b"\xff", "audio/mpeg", "no type that we take"),
        (b"%PDF-1.7\n" + bytes(60), "image/jpeg", LIE + "application/pdf"),
        (VOICE, "image/jpeg", LIE + "audio/ogg"),
        (drawn("PNG"), "audio/ogg", LIE + "image/png"),
        (drawn("JPEG"), "text/html", LIE + "image/jpeg"),
        (JPEG[: len(JPEG) // 2], "image/jpeg", "picture that is broken"),
        (drawn("JPEG", size=(640, 480))[:-900], "image/jpeg", "picture that is broken"),
        (drawn("PNG")[:60], "image/png", "picture that is broken"),
    ],
    ids=lambda value: value if isinstance(value, str) else f"{len(value)}",
)
def test_a_lie_or_another_type_is_refused(content: bytes, said: str, reason: str):
    with pytest.raises(MediaRefused, match=reason):
        look(content, said)


def test_only_the_types_of_the_settings_are_taken():
    with pytest.raises(MediaRefused, match="no type that we take"):
        look(drawn("PNG"), "image/png", types=("image/jpeg",))
    with pytest.raises(MediaRefused, match=r"no type that we take \(it is said to be audio/ogg\)"):
        look(VOICE, "audio/ogg", types=("image/jpeg",))


@pytest.mark.parametrize(
    ("content", "limit"),
    [
        (drawn("PNG", size=(1001, 1000)), 1_000_000),
        (drawn("GIF", "P", size=(1001, 1000)), 1_000_000),
        (bomb(20_000), 10**10),  # 400 million pixels
    ],
    ids=["png", "gif", "more than the library takes"],
)
def test_a_decompression_bomb_is_refused_before_it_is_unpacked(content: bytes, limit: int):
    with pytest.raises(MediaRefused, match="pixels"):
        look(content, "image/png", max_pixels=limit)


# --- metadata


@pytest.mark.parametrize(
    ("tags", "place"),
    [
        (exif(), (-6.902, 107.61)),
        (exif(north="N", lat=(3.0, 35.0, 42.0), lon=(98.0, 40.0, 21.0)), (3.595, 98.6725)),
        (exif(east="W"), (-6.902, -107.61)),
        (exif(lat=(6.902, 0.0, 0.0), lon=(107.61, 0.0, 0.0)), (-6.902, 107.61)),
        (exif(lat=(0.0, 0.0, 0.0), lon=(0.0, 0.0, 0.0)), None),
        (exif(lat=(96.0, 0.0, 0.0)), None),
        (exif(lat=None), None),
        (exif(north=None), None),
        (exif(lat=(6.0, 54.0)), None),
        (Image.Exif(), None),
    ],
    ids=[
        "south-east",
        "north",
        "west",
        "decimal degrees",
        "no fix",
        "impossible",
        "no latitude",
        "no hemisphere",
        "broken",
        "none",
    ],
)
def test_the_position_of_a_photo_is_read(tags: Image.Exif, place: tuple[float, float] | None):
    found = look(drawn(exif=tags)).taken_at
    assert found == (Location(lat=place[0], lon=place[1]) if place else None)


@pytest.mark.parametrize(
    ("form", "more"),
    [
        ("JPEG", {"comment": b"CommentOfTheTest", "xmp": b"<x>XmpOfTheTest</x>"}),
        ("JPEG", {"quality": 95, "subsampling": "4:4:4", "icc_profile": b"IccOfTheTest" * 30}),
        ("JPEG", {"progressive": True}),
        ("PNG", {}),
        ("WEBP", {"xmp": b"<x>XmpOfTheTest</x>"}),
        ("WEBP", {"lossless": True}),
    ],
)
def test_nothing_but_pixels_is_kept(form: str, more: dict[str, Any]):
    content = drawn(form, exif=exif(), **more)
    assert b"CameraOfTheTest" in content
    kept = look(content).content
    assert b"OfTheTest" not in kept
    with Image.open(io.BytesIO(kept)) as picture:
        assert not picture.getexif()
        assert not picture.info.keys() & {"exif", "comment", "xmp", "icc_profile"}


def test_a_photo_is_stored_upright():
    """Orientation 6: the camera was turned right, so what is stored must be turned 90 degrees."""
    kept = look(drawn(exif=exif(orientation=6))).content
    with Image.open(io.BytesIO(kept)) as picture:
        assert picture.size == (48, 64)
        top, bottom = picture.getpixel((24, 8)), picture.getpixel((24, 56))
    assert (top[0] > 150, bottom[2] > 150) == (True, True)


def noise(mode: str = "RGB") -> Image.Image:
    return Image.frombytes("RGB", (64, 48), os.urandom(64 * 48 * 3)).convert(mode)


@pytest.mark.parametrize(
    ("form", "mode", "more"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("PNG", "1", {}),
        ("PNG", "P", {"transparency": 3}),
        ("GIF", "P", {}),
        ("WEBP", "RGB", {"lossless": True}),
    ],
)
def test_what_lost_nothing_when_it_was_made_loses_nothing_here(
    form: str, mode: str, more: dict[str, Any]
):
    out = io.BytesIO()
    noise(mode).save(out, form, **more)
    with Image.open(out) as before, Image.open(io.BytesIO(look(out.getvalue()).content)) as after:
        assert after.convert("RGBA").tobytes() == before.convert("RGBA").tobytes()


def test_a_jpeg_loses_next_to_nothing():
    """Most pixels are the same and none is far off; the size stays about what it was."""
    soft = noise().resize((640, 480), Image.Resampling.BICUBIC)
    out = io.BytesIO()
    soft.save(out, "JPEG", quality=80)
    kept = look(out.getvalue()).content
    with Image.open(out) as before, Image.open(io.BytesIO(kept)) as after:
        near = zip(before.convert("L").tobytes(), after.convert("L").tobytes(), strict=True)
        differences = [abs(a - b) for a, b in near]
    assert max(differences) <= 6
    assert sum(differences) / len(differences) < 0.2
    assert 0.9 < len(kept) / len(out.getvalue()) < 1.1


def test_a_picture_of_paints_is_kept_as_colours():
    """CMYK, as printers make it: no browser shows it well."""
    with Image.open(io.BytesIO(look(drawn("JPEG", "CMYK")).content)) as picture:
        assert picture.mode == "RGB"
        assert picture.getpixel((8, 8))[0] > 150
