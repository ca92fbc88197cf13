"""What a file really is: pictures are drawn anew without their metadata, the rest is recognised."""

import math
from dataclasses import dataclass
from io import BytesIO
from typing import Any, get_args

import imagehash
from PIL import ExifTags, Image, ImageOps, JpegImagePlugin, UnidentifiedImageError

from gateway.channels.media import MediaRefused
from gateway.settings import MediaType
from parsers.messages import Location

PICTURES = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
# The first bytes: RFC 3533 (Ogg), RFC 4867 5.1 (AMR), ISO 32000 7.5.2 (PDF), id3.org (ID3).
SIGNATURES = {
    b"OggS": "audio/ogg",
    b"#!AMR": "audio/amr",
    b"%PDF-": "application/pdf",
    b"ID3": "audio/mpeg",
}
# Brands of ISO base media files, https://mp4ra.org/registered-types/brands ; others are refused,
# among them HEIC (mif1, heic), whose metadata we could not take out, and QuickTime (qt).
MP4 = {b"isom", b"avc1", b"mp41", b"mp42", b"M4V ", b"MSNV", b"dash"}
MP4 |= {b"iso%d" % number for number in range(2, 10)}
# Names that phones and providers give to the same thing.
OTHER_NAMES = {
    "image/jpg": "image/jpeg",
    "image/pjpeg": "image/jpeg",
    "audio/mp3": "audio/mpeg",
    "audio/opus": "audio/ogg",
    "application/ogg": "audio/ogg",
    "audio/x-m4a": "audio/mp4",
    "audio/m4a": "audio/mp4",
    "audio/aacp": "audio/aac",
    "audio/x-aac": "audio/aac",
    "audio/amr-nb": "audio/amr",
    "audio/amr-wb": "audio/amr",
    "audio/3gpp2": "audio/3gpp",
    "video/3gpp2": "video/3gpp",
    "application/x-pdf": "application/pdf",
}
NO_CLAIM = {"", "application/octet-stream", "binary/octet-stream"}
TELLING_BITS = range(16, 49)  # of 64
LOSSLESS_MODES = {"1", "L", "LA", "RGB", "RGBA", "I;16"}


@dataclass(frozen=True, slots=True)
class Clean:
    """What is kept of a file."""

    content: bytes
    content_type: str
    taken_at: Location | None = None  # of a photo, before its metadata went
    picture: str = ""  # perceptual hash of a photo, 16 hex digits; "" where there is little to see


def clean(content: bytes, said: str, *, types: tuple[MediaType, ...], max_pixels: int) -> Clean:
    """What may be kept of a file that is said to be of a type; MediaRefused says why nothing."""
    claim = _plain(said)
    if picture := _opened(content):
        found = PICTURES[str(picture.format)]
        _check(claim, found, types)
        return _drawn_anew(picture, content, max_pixels)
    found = _recognised(content, claim)
    _check(claim, found, types)
    return Clean(content, found)


def _plain(said: str) -> str:
    name = said.partition(";")[0].strip().lower()
    return OTHER_NAMES.get(name, name)


def _check(claim: str, found: str, types: tuple[MediaType, ...]) -> None:
    """A PNG that is called JPEG is a phone's slip; a document that is called a photo is a lie."""
    if found not in types:
        shown = claim if claim in get_args(MediaType) else "of another type"
        raise MediaRefused(f"its content is no type that we take (it is said to be {shown})")
    if claim not in NO_CLAIM and _kind(claim) != _kind(found):
        raise MediaRefused(f"it is said to be of another type, its content is {found}")


def _kind(content_type: str) -> str:
    """Sound and film are one kind: the same containers hold both."""
    kind = content_type.partition("/")[0]
    return "recording" if kind in ("audio", "video") else kind


def _recognised(content: bytes, claim: str) -> str:
    """The type that the first bytes show, or ""; no more is checked of sound, film and PDF."""
    for start, found in SIGNATURES.items():
        if content.startswith(start):
            return found
    if content[4:8] == b"ftyp":
        return _iso_media(content, claim)
    if content[:1] == b"\xff" and len(content) > 3:
        return _framed_sound(content[1])
    return ""


def _iso_media(content: bytes, claim: str) -> str:
    """By its major brand; a container alone does not tell sound from film, so the claim does."""
    brand = content[8:12]
    sound = claim.startswith("audio/")
    if brand[:3] in (b"3gp", b"3g2", b"3ge", b"3gg", b"3gs", b"3gr"):
        return "audio/3gpp" if sound else "video/3gpp"
    if brand in (b"M4A ", b"M4B ") or (brand in MP4 and sound):
        return "audio/mp4"
    return "video/mp4" if brand in MP4 else ""


def _framed_sound(second: int) -> str:
    """The sync word: ISO 13818-7 6.2 for AAC (layer 00), ISO 11172-3 2.4.2.3 for MP3 (layer 01)."""
    if second & 0xF6 == 0xF0:
        return "audio/aac"
    return "audio/mpeg" if second & 0xE6 == 0xE2 else ""


def _opened(content: bytes) -> Image.Image | None:
    """A picture whose header can be read; nothing of it is drawn yet."""
    try:
        return Image.open(BytesIO(content), formats=tuple(PICTURES))
    except UnidentifiedImageError:
        return None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise MediaRefused("it is a picture of far too many pixels") from error
    except Exception as error:  # decoders raise whatever a broken file leads them to
        raise MediaRefused("it is a picture that is broken") from error


def _drawn_anew(picture: Image.Image, content: bytes, max_pixels: int) -> Clean:
    if math.prod(picture.size) > max_pixels:
        raise MediaRefused(f"it is a picture of more than {max_pixels} pixels")
    try:
        taken_at = _position(picture)
        with Image.open(BytesIO(content), formats=(str(picture.format),)) as checked:
            checked.verify()
        pixels = _upright(picture)
        kept, content_type = _encoded(pixels, picture, content)
        seen = _hashed(pixels)
    except Exception as error:  # as above
        raise MediaRefused("it is a picture that is broken") from error
    return Clean(kept, content_type, taken_at, seen)


def _upright(picture: Image.Image) -> Image.Image:
    """Nothing but pixels; of an animation the first picture only."""
    pixels = _pixels(ImageOps.exif_transpose(picture), lossy=picture.format == "JPEG")
    pixels.info = {}
    return pixels


def _encoded(pixels: Image.Image, picture: Image.Image, content: bytes) -> tuple[bytes, str]:
    """A JPEG is written with its own quantization tables and sampling, so that next to nothing
    is lost; PNG, GIF (as PNG) and lossless WebP lose nothing.
    """
    form, options = str(picture.format), _options(picture, content)
    form = "PNG" if form == "GIF" else form
    out = BytesIO()
    pixels.save(out, form, **options)
    return out.getvalue(), PICTURES[form]


def _hashed(pixels: Image.Image) -> str:
    """By what is to be seen, so that a photo sent on in another size is known again.

    Half of the bits are set by construction; a dark or empty photo has few, and is like any other.
    """
    seen = str(imagehash.phash(pixels))
    return seen if int(seen, 16).bit_count() in TELLING_BITS else ""


def _options(picture: Image.Image, content: bytes) -> dict[str, Any]:
    """How the format's writer is told to lose as little as it can."""
    match picture:
        case JpegImagePlugin.JpegImageFile(mode="L" | "RGB"):
            sampling = JpegImagePlugin.get_sampling(picture)
            return {"qtables": picture.quantization, "subsampling": sampling}
        case JpegImagePlugin.JpegImageFile():
            return {"quality": 92}
    if picture.format == "WEBP":
        return {"lossless": b"VP8L" in content, "quality": 90}
    return {}


def _pixels(picture: Image.Image, *, lossy: bool) -> Image.Image:
    """A copy in a mode that the writer takes; palettes become colours."""
    picture.load()
    if lossy:
        return picture.copy() if picture.mode in ("L", "RGB") else picture.convert("RGB")
    if "transparency" in picture.info:
        return picture.convert("RGBA")
    return picture.copy() if picture.mode in LOSSLESS_MODES else picture.convert("RGB")


def _position(picture: Image.Image) -> Location | None:
    """Where the camera says it was; None for what no camera means. EXIF 2.32, 4.6.6 (GPS)."""
    try:
        gps = picture.getexif().get_ifd(ExifTags.IFD.GPSInfo)
        lat = _degrees(gps[ExifTags.GPS.GPSLatitude], gps[ExifTags.GPS.GPSLatitudeRef], "S")
        lon = _degrees(gps[ExifTags.GPS.GPSLongitude], gps[ExifTags.GPS.GPSLongitudeRef], "W")
    except Exception:  # noqa: BLE001 - whatever a broken tag leads to, the photo itself is good
        return None
    known = -90 <= lat <= 90 and -180 <= lon <= 180 and (lat, lon) != (0, 0)  # 0, 0: no fix
    return Location(lat=round(lat, 7), lon=round(lon, 7)) if known else None


def _degrees(parts: Any, ref: Any, negative: str) -> float:  # noqa: ANN401 - untyped EXIF
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return -value if str(ref).strip("\x00 ").upper() == negative else value
