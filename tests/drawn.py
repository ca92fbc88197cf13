"""Pictures, and a voice note, as phones send them."""

import io
import struct
import zlib
from typing import Any

from PIL import Image


def drawn(
    form: str = "JPEG", mode: str = "RGB", size: tuple[int, int] = (64, 48), **more: Any
) -> bytes:
    """A picture whose left half is red and whose right half is blue."""
    picture = Image.new("RGB", size, (200, 30, 30))
    picture.paste((30, 30, 200), (size[0] // 2, 0, size[0], size[1]))
    out = io.BytesIO()
    picture.convert(mode).save(out, form, **more)
    return out.getvalue()


def bomb(side: int) -> bytes:
    """A black PNG of a few kB that unpacks to side x side pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        checked = kind + data
        return struct.pack(">I", len(data)) + checked + struct.pack(">I", zlib.crc32(checked))

    head = struct.pack(">2I5B", side, side, 1, 0, 0, 0, 0)  # one bit each, grey
    lines = zlib.compress(bytes(1 + side // 8) * side)
    parts = (chunk(b"IHDR", head), chunk(b"IDAT", lines), chunk(b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


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
