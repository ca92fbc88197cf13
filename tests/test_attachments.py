"""Files that come with messages: fetched from their provider only, looked at, kept once."""

import io
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner
from moto.server import ThreadedMotoServer
from PIL import Image
from prometheus_client import REGISTRY

from gateway import jobs, media, queue
from gateway.attachments import NotStored, open_attachment
from gateway.channels.media import MediaRefused, Source
from gateway.cli import cli
from gateway.download import Limits, NotNow, _reachable, download, lies_under
from gateway.fetch import drain_attachments
from gateway.queue import Wake
from gateway.runtime import Runtime
from gateway.settings import ROOT, ConfigError, load
from parsers.messages import Location
from store import attachments
from store.files import Damaged, Files
from store.models import Attachment, AuditRow, Complaint, Conversation, InboxRow
from tests.conftest import SECRETS, open_gateway, provider_config
from tests.harness import NOON, TWILIO_SID, Clock, Gateway, rows
from tests.live import write_config
from tests.provider import Answer, Close, Hang, Provider, Stall, file_of

sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # one is enough
BOT = SECRETS["TELEGRAM_BOT_TOKEN"]
TYPES = load(ROOT / "config.yaml", {}).attachments.types
FAR = 1e12  # a time.monotonic() that never comes


def drawn(
    form: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (64, 48), **more: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", size, (200, 30, 30))
    picture.paste((30, 30, 200), (size[0] // 2, 0, size[0], size[1]))
    out = io.BytesIO()
    picture.convert(mode).save(out, form, **more)
    return out.getvalue()


def exif(lat: Any = (6.0, 54.0, 7.2), lon: Any = (107.0, 36.0, 36.0), **more: Any) -> Image.Exif:
    """6 deg 54' 7.2" S, 107 deg 36' 36" E is a street in Bandung."""
    tags = Image.Exif()
    tags[0x0110] = "CameraOfTheTest"  # Model
    tags[0x0112] = more.get("orientation", 1)
    tags[0x010E] = "OwnerOfTheTest"  # ImageDescription
    gps = {1: more.get("north", "S"), 2: lat, 3: more.get("east", "E"), 4: lon}
    tags[0x8825] = {name: value for name, value in gps.items() if value is not None}
    return tags


JPEG = drawn(exif=exif())
VOICE = b"OggS\x00\x02" + bytes(22) + b"\x01\x13OpusHead" + bytes(200)


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
        (drawn("PNG", "1", size=(20_000, 20_000)), 10**10),  # 60 kB that unpack to 400 million
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


# --- where it may come from


def limits(**more: Any) -> Limits:
    return Limits(**{"max_bytes": 10_000, "seconds": 5.0, "redirects": ()} | more)


@pytest.mark.parametrize(
    ("url", "start", "lies"),
    [
        ("https://mms.twiliocdn.com/AC1/x?Expires=1", "https://mms.twiliocdn.com/", True),
        ("https://MMS.twiliocdn.com:443/AC1/x", "https://mms.twiliocdn.com/", True),
        ("http://mms.twiliocdn.com/AC1/x", "https://mms.twiliocdn.com/", False),
        ("https://mms.twiliocdn.com:8443/AC1/x", "https://mms.twiliocdn.com/", False),
        ("https://mms.twiliocdn.com.evil.example/x", "https://mms.twiliocdn.com/", False),
        ("https://evil.example/https://mms.twiliocdn.com/", "https://mms.twiliocdn.com/", False),
        ("https://mms.twiliocdn.com@evil.example/", "https://mms.twiliocdn.com/", False),
        ("https://user@mms.twiliocdn.com/x", "https://mms.twiliocdn.com/", False),
        ("https://s3.example/bucket/x", "https://s3.example/bucket/", True),
        ("https://s3.example/bucket-of-mine/x", "https://s3.example/bucket/", False),
        ("https://s3.example/bucket/../mine/x", "https://s3.example/bucket/", False),
        ("https://s3.example/bucket/%2e%2e/mine/x", "https://s3.example/bucket/", False),
        ("https://s3.example\\@evil.example/bucket/", "https://s3.example/bucket/", False),
    ],
)
def test_an_address_is_compared_by_its_parts(url: str, start: str, lies: bool):
    try:
        assert lies_under(httpx.URL(url), start) is lies
    except httpx.InvalidURL:
        assert not lies


@pytest.mark.parametrize(
    ("scheme", "address", "may"),
    [
        ("https", "34.226.36.1", True),
        ("https", "2600:1f18::1", True),
        ("https", "127.0.0.1", False),
        ("https", "10.0.0.5", False),
        ("https", "172.16.0.1", False),
        ("https", "192.168.1.1", False),
        ("https", "100.64.0.1", False),
        ("https", "169.254.169.254", False),
        ("https", "0.0.0.0", False),
        ("https", "224.0.0.1", False),
        ("https", "::1", False),
        ("https", "::ffff:10.0.0.5", False),
        ("https", "fd00::5", False),
        ("https", "fe80::1", False),
        ("http", "34.226.36.1", False),
        ("http", "169.254.169.254", False),
        ("http", "fe80::1", False),
        ("http", "127.0.0.1", True),
        ("http", "10.0.0.5", True),
    ],
)
def test_https_calls_the_world_and_http_only_a_server_of_our_own(
    scheme: str, address: str, may: bool
):
    import ipaddress

    assert _reachable(scheme, [ipaddress.ip_address(address)]) is may


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    import ipaddress

    found = [ipaddress.ip_address(text) for text in ("34.226.36.1", "10.0.0.5")]
    assert _reachable("https", found) is False


def test_a_name_that_leads_home_is_not_called(provider: Provider):
    """localhost has an address of ours, though its scheme says that it is out in the world."""
    url = provider.url.replace("http://127.0.0.1", "https://localhost") + "/x"
    with pytest.raises(NotNow, match="must not call"):
        download(Source(url=url, within=url.removesuffix("x")), limits())
    assert provider.connections == 0


def test_a_name_is_looked_up_once_and_that_address_is_called(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    """A second answer of the name server, which nobody would have looked at, is not asked for."""
    provider.routes["GET", "/x"] = file_of(b"content")
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host != "media.example":
            return real(host, port, *more, **named)
        looked_up.append(host)
        return real("127.0.0.1" if len(looked_up) == 1 else "127.0.0.2", port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    top = provider.url.replace("127.0.0.1", "media.example") + "/"
    assert download(Source(url=f"{top}x", within=top), limits()) == b"content"
    assert looked_up == ["media.example"]
    assert provider.requests[0].headers["host"] == top.split("/")[2]


def test_a_proxy_of_the_environment_is_not_asked(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    provider.routes["GET", "/x"] = file_of(b"content")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert download(Source(url=f"{provider.url}/x", within=f"{provider.url}/"), limits())


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


@pytest.mark.parametrize(
    ("sent", "error", "reason"),
    [
        (file_of(bytes(10_001)), MediaRefused, "larger than 10000 bytes"),
        (file_of(bytes(10_001), length=False), MediaRefused, "larger than 10000 bytes"),
        (Stall(HEAD + b"Content-Length: 10001\r\n\r\n"), MediaRefused, "larger than 10000 bytes"),
        (Stall(HEAD + b"Content-Length: 9000\r\n\r\n" + bytes(50)), NotNow, "longer than 0.5 sec"),
        (Stall(b"HTTP/1.1 200 OK\r\nConte"), NotNow, "longer than 0.5 seconds"),
        (Hang(), NotNow, "longer than 0.5 seconds"),
        (Close(), NotNow, "connection failed"),
        (Close(HEAD + b"Content-Length: 9000\r\n\r\n" + bytes(50)), NotNow, "connection failed"),
        (Close(b"not HTTP\r\n\r\n"), NotNow, "connection failed"),
        (Answer(404), NotNow, "HTTP 404"),
        (Answer(503), NotNow, "HTTP 503"),
    ],
    ids=[
        "too large, as it says",
        "too large, as it turns out",
        "too large, refused before it comes",
        "stalls in the content",
        "stalls in the head",
        "never answers",
        "hangs up",
        "hangs up in the content",
        "no HTTP",
        "404",
        "503",
    ],
)
def test_what_goes_wrong_has_a_reason(
    provider: Provider, sent: Any, error: type[Exception], reason: str
):
    provider.routes["GET", "/x"] = sent
    source = Source(url=f"{provider.url}/x", within=f"{provider.url}/")
    with pytest.raises(error, match=reason) as caught:
        download(source, limits(seconds=0.5))
    assert provider.url not in str(caught.value)
    assert caught.value.__cause__ is None


def test_exactly_the_limit_is_taken(provider: Provider):
    provider.routes["GET", "/x"] = file_of(bytes(10_000))
    source = Source(url=f"{provider.url}/x", within=f"{provider.url}/")
    assert len(download(source, limits())) == 10_000


def test_a_port_that_is_closed_is_tried_later(provider: Provider):
    provider.refuse()
    with pytest.raises(NotNow, match="connection failed"):
        download(Source(url=f"{provider.url}/x", within=f"{provider.url}/"), limits())


def test_nobody_is_sent_on_for_ever(provider: Provider):
    provider.routes["GET", "/x"] = Answer(302, "", {"Location": "/x"})
    source = Source(url=f"{provider.url}/x", within=f"{provider.url}/")
    with pytest.raises(MediaRefused, match="on and on"):
        download(source, limits(redirects=(f"{provider.url}/",)))
    assert len(provider.requests) == 3


# --- where files are kept


def test_the_same_content_is_kept_once(tmp_path: Path):
    files = Files(str(tmp_path / "kept"))
    first, again, other = files.put(b"abc"), files.put(b"abc"), files.put(b"abd")
    assert first == again == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert other != first
    path = tmp_path / "kept" / "ba" / first[2:]
    assert path.read_bytes() == b"abc"
    assert sum(each.is_file() for each in (tmp_path / "kept").rglob("*")) == 2
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert files.read(first) == b"abc"


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    files = Files(str(tmp_path / "kept"))
    with monkeypatch.context() as broken:
        broken.setattr(os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            files.put(b"abc")
    assert not [each for each in (tmp_path / "kept").rglob("*") if each.is_file()]
    assert files.read(files.put(b"abc")) == b"abc"


def test_what_a_disk_has_spoilt_is_not_given_out(tmp_path: Path):
    files = Files(str(tmp_path / "kept"))
    digest = files.put(b"abc")
    (tmp_path / "kept" / digest[:2] / digest[2:]).write_bytes(b"abx")
    with pytest.raises(Damaged):
        files.read(digest)
    with pytest.raises(FileNotFoundError):
        files.read("0" * 64)


S3 = """
import boto3
from store.files import Files
s3 = boto3.client("s3")
s3.create_bucket(Bucket="evidence")
files = Files("s3://evidence/1708")
digest = files.put(b"abc")
assert files.put(b"abc") == digest
assert files.read(digest) == b"abc"
try:
    files.read("0" * 64)
except FileNotFoundError:
    print([found["Key"] for found in s3.list_objects_v2(Bucket="evidence")["Contents"]])
"""


def test_files_may_be_kept_in_s3():
    """In a process of its own: keys and address come from the environment, as in production."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    environ = {
        "AWS_ACCESS_KEY_ID": "key-of-the-test",
        "AWS_SECRET_ACCESS_KEY": "secret-of-the-test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ENDPOINT_URL": f"http://{host}:{port}",
    }
    try:
        ran = subprocess.run(
            [sys.executable, "-c", S3],
            env={**os.environ, **environ},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        server.stop()
    digest = "ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert (ran.stdout, ran.returncode) == (f"['1708/{digest}']\n", 0), ran.stderr


# --- settings


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lease_seconds": 60}, "attachments.lease_seconds: must be more than timeout_seconds"),
        ({"types": ["image/svg+xml"]}, "attachments.types.0: "),
        ({"redirects": ["https://mms.twiliocdn.com"]}, "attachments.redirects.0: "),
        ({"redirects": ["https://s3.example/bucket"]}, "attachments.redirects.0: "),
        ({"redirects": ["https://user@s3.example/"]}, "attachments.redirects.0: "),
        ({"redirects": ["ftp://s3.example/"]}, "attachments.redirects.0: "),
    ],
)
def test_a_setting_that_would_let_too_much_in_is_a_mistake(
    tmp_path: Path, change: dict[str, Any], words: str
):
    path = write_config(tmp_path / "config.yaml", attachments=change)
    with pytest.raises(ConfigError) as caught:
        load(path, {})
    assert words in str(caught.value)


# --- the job


@pytest.fixture
def posted(
    environ: dict[str, str], provider: Provider, clock: Clock, reader: Any, tmp_path: Path
) -> Iterator[Gateway]:
    """1708 whose providers, and the CDN that Twilio sends on to, are a local HTTP server."""
    settings = {
        "redirects": [f"{provider.url}/cdn/"],
        "attempts": 3,
        "timeout_seconds": 20,
        "max_bytes": 100_000,
    }
    path = provider_config(tmp_path / "config.yaml", provider, attachments=settings)
    yield from open_gateway(load(path, {**environ, **SECRETS}), clock, reader)


def wait_for(rt: Runtime, *refs: str, channel: str = "whatsapp", **more: Any) -> list[int]:
    """A message with files, as the intake leaves it."""
    values = {"content_type": "image/jpeg"} | more
    with rt.transaction() as session:
        row = InboxRow(
            channel=channel,
            provider_id=f"id-{refs[0][-8:]}",
            sender="+6281200001101",
            text="jalan rusak",
            received_at=NOON,
            stored_at=NOON,
            due_at=NOON,
        )
        session.add(row)
        session.flush()
        found = [
            Attachment(inbox_id=row.key, position=position, ref=ref, due_at=NOON, **values)
            for position, ref in enumerate(refs)
        ]
        session.add_all(found)
        session.flush()
        return [each.key for each in found]


def ends(rt: Runtime) -> list[tuple[str, str]]:
    return [(row.status, row.error) for row in rows(rt, Attachment)]


def test_twilios_file_is_fetched_looked_at_and_kept(posted: Gateway, provider: Provider):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    assert drain_attachments(posted.rt, until=FAR) == 1
    (row,) = rows(posted.rt, Attachment)
    assert (row.status, row.error, row.content_type) == ("stored", "", "image/jpeg")
    assert (row.lat, row.lon) == (-6.902, 107.61)
    assert (row.claim, row.claimed_until) == ("", None)
    kept = Files(posted.rt.settings.attachments_url).read(row.digest)
    assert (row.size, b"OfTheTest" in kept) == (len(kept), False)
    asked, cdn = provider.requests
    assert asked.headers["authorization"].startswith("Basic ")
    assert "authorization" not in cdn.headers
    assert cdn.query["Signature"] == "made-up"
    assert drain_attachments(posted.rt, until=FAR) == 0  # nothing is fetched twice
    assert len(provider.requests) == 2


def test_telegrams_file_is_fetched_by_its_id(posted: Gateway, provider: Provider):
    provider.keep_file(BOT, "voice/file 7.oga", file_of(VOICE, "audio/ogg"))
    provider.routes["GET", f"/file/bot{BOT}/voice/file%207.oga"] = file_of(VOICE, "audio/ogg")
    wait_for(posted.rt, "AwACAgUAAx", channel="telegram", content_type="audio/ogg")
    drain_attachments(posted.rt, until=FAR)
    (row,) = rows(posted.rt, Attachment)
    assert (row.status, row.content_type, row.size) == ("stored", "audio/ogg", len(VOICE))
    assert provider.requests[0].form["file_id"] == "AwACAgUAAx"


@pytest.mark.parametrize(
    ("words", "end"),
    [
        (
            "Bad Request: file is too big",
            ("refused", "it is larger than Telegram gives to a bot (20 MB)"),
        ),
        (
            "Bad Request: wrong file_id or the file is temporarily unavailable",
            ("waiting", "the provider says rejected: bad_request"),
        ),
    ],
)
@sqlite
def test_what_telegram_does_not_give(
    posted: Gateway, provider: Provider, words: str, end: tuple[str, str]
):
    body = {"ok": False, "error_code": 400, "description": words}
    told = Answer(400, json.dumps(body), {"Content-Type": "application/json"})
    provider.routes["POST", f"/bot{BOT}/getFile"] = told
    wait_for(posted.rt, "AwACAgUAAx", channel="telegram", content_type="")
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [end]


@sqlite
@pytest.mark.parametrize(
    ("ref", "reason"),
    [
        ("http://127.0.0.1:1/x", "a host or path that is not allowed: 127.0.0.1"),
        ("https://evil.example/2010-04-01/Accounts/x", "that is not allowed: evil.example"),
        ("{url}/2010-04-01/Accounts/ACother/Messages/MM1/Media/ME1", "that is not allowed: 127"),
        ("{url}/2010-04-01/Accounts/" + TWILIO_SID + "/../../../x", "that is not allowed: 127"),
        ("file:///etc/passwd", "that is not allowed: "),
        ("//127.0.0.1/x", "that is not allowed: 127.0.0.1"),
        ("", "that is not allowed: "),
        ("http://[::1", "its address is malformed"),
    ],
)
def test_nobody_but_the_provider_is_asked(
    posted: Gateway, provider: Provider, ref: str, reason: str
):
    wait_for(posted.rt, ref.replace("{url}", provider.url))
    drain_attachments(posted.rt, until=FAR)
    ((status, error),) = ends(posted.rt)
    assert status == "refused"
    assert reason in error
    assert provider.connections == 0


@sqlite
def test_the_provider_cannot_send_us_elsewhere(posted: Gateway, provider: Provider):
    with Provider() as other:
        ref = provider.keep_media(TWILIO_SID, 1, file_of(JPEG), onward=f"{other.url}/cdn/x")
        wait_for(posted.rt, ref)
        drain_attachments(posted.rt, until=FAR)
        assert other.connections == 0
    ((status, error),) = ends(posted.rt)
    assert (status, "not allowed: 127.0.0.1" in error) == ("refused", True)


@sqlite
def test_a_channel_whose_provider_keeps_no_files(posted: Gateway):
    wait_for(posted.rt, "x", channel="kannel")
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [
        ("refused", "the channel kannel has no provider here that keeps files")
    ]


@sqlite
def test_a_file_that_says_it_is_too_large_is_not_asked_for(posted: Gateway, provider: Provider):
    wait_for(posted.rt, "AwACAgUAAx", channel="telegram", size=100_001)
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [("refused", "it is larger than 100000 bytes")]
    assert provider.connections == 0


def test_a_failure_is_tried_later_and_given_up_at_last(
    posted: Gateway, provider: Provider, clock: Clock
):
    """404 too: Twilio was seen to post a message before its media were to be had."""
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, Answer(404)))
    for wait in (10, 20):
        assert drain_attachments(posted.rt, until=FAR) == 1
        assert ends(posted.rt) == [("waiting", "the provider answered HTTP 404")]
        clock.forward(seconds=wait - 1)
        assert drain_attachments(posted.rt, until=FAR) == 0
        clock.forward(seconds=1)
    assert drain_attachments(posted.rt, until=FAR) == 1
    assert ends(posted.rt) == [("failed", "the provider answered HTTP 404")]
    assert len(provider.requests) == 6


@sqlite
def test_the_provider_says_when_to_come_back(posted: Gateway, provider: Provider, clock: Clock):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    provider.script(Answer(429, "", {"Retry-After": "300"}))
    drain_attachments(posted.rt, until=FAR)
    assert rows(posted.rt, Attachment)[0].due_at == NOON + timedelta(seconds=300)
    clock.forward(seconds=300)
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [("stored", "")]


@sqlite
def test_a_disk_that_is_full_is_no_reason_to_give_up(posted: Gateway, provider: Provider):
    folder = Path(posted.rt.settings.attachments_url)
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.write_text("a file where a folder should be")
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    drain_attachments(posted.rt, until=FAR)
    ((status, error),) = ends(posted.rt)
    assert (status, "attachments" in error, "Error at" in error) == ("waiting", False, True)


def test_a_file_is_leased_to_one_worker_until_that_one_is_dead(posted: Gateway, provider: Provider):
    (key,) = wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    lease = timedelta(seconds=180)

    def claim(token: str, now: Any) -> list[int]:
        with posted.rt.transaction() as session:
            found = attachments.claim(session, token=token, now=now, lease=lease, limit=9)
            return [row.id for row in found]

    def due(now: Any) -> bool:
        with posted.rt.reading() as session:
            return attachments.due(session, now=now)

    assert due(NOON)
    assert claim("a", NOON) == [key]
    assert claim("b", NOON + timedelta(seconds=179)) == []
    assert not due(NOON + timedelta(seconds=179))
    late = NOON + timedelta(seconds=181)
    assert due(late)
    assert claim("b", late) == [key]
    kept = attachments.Kept(digest="x", size=1, content_type="image/jpeg")
    with posted.rt.transaction() as session:  # the first was only slow: its word counts no more
        assert not attachments.keep(session, key, kept, token="a")
        assert attachments.keep(session, key, kept, token="b")
        assert not attachments.keep(session, key, kept, token="b")


def test_files_of_a_dead_worker_are_taken_one_by_one(posted: Gateway, provider: Provider):
    refs = [provider.keep_media(TWILIO_SID, number, file_of(JPEG)) for number in range(3)]
    keys = list(wait_for(posted.rt, *refs))
    lease = timedelta(seconds=180)

    def claim(now: Any) -> list[int]:
        with posted.rt.transaction() as session:
            found = attachments.claim(session, token="x", now=now, lease=lease, limit=9)
            return [row.id for row in found]

    assert claim(NOON) == keys
    later = NOON + timedelta(seconds=181)
    assert [claim(later) for _ in range(4)] == [[key] for key in keys] + [[]]


@sqlite
def test_a_file_that_kills_each_worker_is_given_up(
    posted: Gateway, provider: Provider, clock: Clock
):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    for _ in range(3):  # claimed, and never heard of again
        with posted.rt.transaction() as session:
            claimed = attachments.claim(
                session, token="dead", now=clock(), lease=timedelta(seconds=180), limit=9
            )
        assert len(claimed) == 1
        clock.forward(seconds=181)
    drain_attachments(posted.rt, until=FAR)
    assert ends(posted.rt) == [("failed", "each try broke off")]
    assert provider.requests == []


def test_one_bad_file_does_not_hold_up_the_others(posted: Gateway, provider: Provider):
    """More files than are fetched at once, some good, some not; the same photo twice is one."""
    sent = [file_of(JPEG), file_of(b"<html>"), Answer(500), file_of(JPEG), file_of(drawn("PNG"))]
    refs = [provider.keep_media(TWILIO_SID, number, each) for number, each in enumerate(sent)]
    wait_for(posted.rt, *refs)
    assert drain_attachments(posted.rt, until=FAR) == 5
    found = rows(posted.rt, Attachment)
    states = [row.status for row in found]
    assert states == ["stored", "refused", "waiting", "stored", "stored"]
    assert found[0].digest == found[3].digest != found[4].digest
    folder = Path(posted.rt.settings.attachments_url)
    assert sum(path.is_file() for path in folder.rglob("*")) == 2


@sqlite
def test_nothing_personal_is_logged_or_counted(
    posted: Gateway, provider: Provider, capfd: pytest.CaptureFixture[str]
):
    name = "lapor_attachments_total"
    label = {"channel": "whatsapp", "outcome": "stored"}
    before = REGISTRY.get_sample_value(name, label) or 0
    wait_for(
        posted.rt,
        provider.keep_media(TWILIO_SID, 1, file_of(JPEG)),
        provider.keep_media(TWILIO_SID, 2, file_of(b"MZ")),
        name="foto-rumah-budi.jpg",
    )
    drain_attachments(posted.rt, until=FAR)
    assert REGISTRY.get_sample_value(name, label) == before + 1
    said = "".join(capfd.readouterr())
    assert "attachment" in said
    for secret in ("/Media/", "budi", "+628", SECRETS["TWILIO_AUTH_TOKEN"], "Signature"):
        assert secret not in said


@sqlite
def test_a_wake_up_fetches_and_the_relay_sees_what_was_missed(posted: Gateway, provider: Provider):
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(JPEG)))
    jobs.relay_missed()  # puts the job into its queue, as after a lost wake-up
    posted.run_jobs()
    assert ends(posted.rt) == [("stored", "")]
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 2, file_of(JPEG)))
    queue.wake(posted.rt.redis, Wake.FETCH)
    posted.run_jobs()
    jobs.fetch()
    assert [status for status, _ in ends(posted.rt)] == ["stored", "stored"]


# --- who may see it


@sqlite
def test_each_look_is_written_down_before_it_is_granted(posted: Gateway, provider: Provider):
    good, bad = wait_for(
        posted.rt,
        provider.keep_media(TWILIO_SID, 1, file_of(VOICE)),
        provider.keep_media(TWILIO_SID, 2, file_of(b"MZ")),
        content_type="audio/ogg",
    )
    drain_attachments(posted.rt, until=FAR)
    content = open_attachment(posted.rt, good, actor="sari", reason="ticket 77")
    assert content == VOICE
    (look,) = rows(posted.rt, AuditRow)
    assert (look.actor, look.action, look.reason) == ("sari", "attachment.open", "ticket 77")
    assert look.detail == {"ids": [good]}
    for key in (bad, 999):
        with pytest.raises(NotStored):
            open_attachment(posted.rt, key, actor="sari", reason="ticket 77")
    assert len(rows(posted.rt, AuditRow)) == 1


@sqlite
def test_an_operator_saves_the_files_of_a_message(
    posted: Gateway, provider: Provider, environ: dict[str, str], tmp_path: Path
):
    def lapor(*words: str) -> Any:
        path = str(tmp_path / "config.yaml")
        given = {**environ, **SECRETS, "LAPOR_CONFIG": path}
        return CliRunner().invoke(cli, ["attachment", *words], env=given)

    refs = [provider.keep_media(TWILIO_SID, 1, file_of(JPEG))]
    refs += [provider.keep_media(TWILIO_SID, 2, file_of(b"MZ"))]
    wait_for(posted.rt, *refs, name="../../evil.jpg")
    drain_attachments(posted.rt, until=FAR)
    folder = tmp_path / "evidence"
    why = ("--reason", "ticket 77")
    result = lapor("save", "in-1", "--to", str(folder), *why)
    assert result.exit_code == 1  # one of the two was refused
    assert "in-1-1 is refused. its content is no type" in result.output.replace(".jpg", "")
    assert [path.name for path in folder.iterdir()] == ["in-1-0.jpg"]
    with Image.open(folder / "in-1-0.jpg") as picture:
        assert picture.size == (64, 48)
    assert [row.action for row in rows(posted.rt, AuditRow)] == ["attachment.open"]
    assert "there already" in lapor("save", "1", "--to", str(folder), *why).output
    assert lapor("save", "in-9", "--to", str(folder), *why).exit_code == 1
    assert lapor("save", "in-1", "--to", str(folder), "--reason", " ").exit_code == 2
    assert lapor("save", "out-1", "--to", str(folder), *why).exit_code == 2


@sqlite
def test_an_operator_sees_what_became_of_files_and_has_them_fetched_again(
    posted: Gateway, provider: Provider, environ: dict[str, str], tmp_path: Path
):
    given = {**environ, **SECRETS, "LAPOR_CONFIG": str(tmp_path / "config.yaml")}
    wait_for(posted.rt, provider.keep_media(TWILIO_SID, 1, file_of(b"MZ")))
    drain_attachments(posted.rt, until=FAR)
    shown = CliRunner().invoke(cli, ["inbox", "show", "1", "--json"], env=given)
    (told,) = json.loads(shown.stdout)["caused"]["attachments"]
    assert (told["type"], told["status"]) == ("image/jpeg", "refused")
    assert "no type that we take" in told["error"]
    provider.keep_media(TWILIO_SID, 1, file_of(JPEG))
    again = ["attachment", "again", "in-1", "--reason", "it was mended"]
    assert CliRunner().invoke(cli, again, env=given).output == "1 queued.\n"
    posted.clock.forward(days=36500)  # the command goes by the real clock
    posted.run_jobs()
    assert ends(posted.rt) == [("stored", "")]
    assert CliRunner().invoke(cli, again, env=given).exit_code == 1
    asked = [row.detail for row in rows(posted.rt, AuditRow) if row.action == "attachment.again"]
    assert asked[0] == {"ids": [1]}


def test_where_the_first_photo_with_a_position_was_taken(runtime: Runtime):
    with runtime.transaction() as session:
        told = {"received_at": NOON, "stored_at": NOON, "due_at": NOON}
        row = InboxRow(channel="sms", provider_id="1", sender="+6281200001101", text="x", **told)
        talk = Conversation(channel="sms", sender="+6281200001101", updated_at=NOON)
        session.add_all([row, talk])
        session.flush()
        times = {"created_at": NOON, "updated_at": NOON, "deadline": NOON.date()}
        filed = Complaint(
            tracking=9165816,
            inbox_id=row.key,
            conversation_id=talk.key,
            text="x",
            kind="complaint",
            **times,
        )
        session.add(filed)
        session.flush()
        mine = {"inbox_id": row.key, "complaint_id": filed.key, "ref": "r", "due_at": NOON}
        session.add(Attachment(position=0, **mine))
        session.flush()
        assert attachments.photographed_at(session, filed.key) is None
        session.add(Attachment(position=1, lat=-6.9, lon=107.6, **mine))
        session.flush()
        session.add(Attachment(position=2, lat=1.0, lon=2.0, **mine))
        session.flush()
        assert attachments.photographed_at(session, filed.key) == Location(lat=-6.9, lon=107.6)
        assert attachments.photographed_at(session, filed.key + 1) is None
