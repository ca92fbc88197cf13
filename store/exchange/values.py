"""What the cells of a file say, as values; the ways of SP4N-LAPOR! to write statuses and dates."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import lru_cache
from math import isfinite
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from store.casework.timezones import WIB, WIT, WITA
from store.models import ComplaintStatus as Status
from store.models import Privacy

Said = TypeVar("Said")
LONGEST_TEXT: Final = 100_000  # characters
LONGEST_LABEL: Final = 500
EARLIEST: Final = 1990  # no complaint is older; a year before it is a slip
SHOWN: Final = 40  # characters of a wrong value that are repeated

KINDS: Final[Mapping[str, str]] = {
    "pengaduan": "complaint",
    "keluhan": "complaint",
    "complaint": "complaint",
    "aspirasi": "aspiration",
    "aspiration": "aspiration",
    "permintaan informasi": "information_request",
    "information_request": "information_request",
    "whistle blowing system": "complaint",
    "wbs": "complaint",
}
WHISTLE: Final = frozenset({"whistle blowing system", "wbs"})  # secret unless said otherwise
# The words of the public list, of the recaps and of the admins (DOMAIN sections 1 and 2).
STATUSES: Final[Mapping[str, Status]] = {
    "belum terverifikasi": Status.TRIAGE,
    "belum diverifikasi": Status.TRIAGE,
    "terverifikasi": Status.TRIAGE,
    "belum terdisposisi": Status.TRIAGE,
    "bukan wewenang": Status.TRIAGE,
    "terdisposisi": Status.DISPOSED,
    "belum ditindaklanjuti": Status.DISPOSED,
    "belum diproses": Status.DISPOSED,
    "proses": Status.IN_PROGRESS,
    "dalam proses": Status.IN_PROGRESS,
    "sedang diproses": Status.IN_PROGRESS,
    "tunda": Status.DEFERRED,
    "ditunda": Status.DEFERRED,
    "ditindaklanjuti": Status.ANSWERED,
    "sudah ditindaklanjuti": Status.ANSWERED,
    "ditindaklanjuti oleh instansi": Status.ANSWERED,
    "ditanggapi oleh pelapor": Status.COMMENTED,
    "selesai": Status.CLOSED,
    "arsip": Status.ARCHIVED,
    "diarsipkan": Status.ARCHIVED,
    "dihapus": Status.ARCHIVED,
    "dibatalkan": Status.WITHDRAWN,
    "dicabut": Status.WITHDRAWN,
    **{status.value: status for status in Status},
}
DISPOSED_TO = re.compile(r"terdisposisi\s+ke\s+(\S.*)", re.IGNORECASE | re.DOTALL)
CLOSES_ITSELF = re.compile(r"selesai otomatis\b.*")
PRIVACIES: Final[Mapping[str, Privacy]] = {
    "publik": Privacy.PUBLIC,
    "public": Privacy.PUBLIC,
    "terbuka": Privacy.PUBLIC,
    "normal": Privacy.PUBLIC,
    "anonim": Privacy.ANONYMOUS,
    "rahasia": Privacy.CONFIDENTIAL,
}
YES_NO: Final = dict.fromkeys(("ya", "y", "yes", "1", "true", "x"), True) | dict.fromkeys(
    ("tidak", "t", "n", "no", "0", "false", "-"), False
)

_CLOCK = (
    r"(?:(?:[ T,]|pukul|jam)+(?P<hour>\d{1,2})[:.](?P<minute>\d{2})"
    r"(?:[:.](?P<second>\d{2})(?:[.,](?P<fraction>\d{1,6}))?)?"
    r"\s*(?P<zone>Z|UTC|GMT|WIB|WITA|WIT|[+-]\d{2}:?\d{2})?)?"
)
_DATES = tuple(
    re.compile(pattern + _CLOCK, re.IGNORECASE)
    for pattern in (
        r"(?P<year>\d{4})[-/](?P<month>\d{1,2})[-/](?P<day>\d{1,2})",
        r"(?P<day>\d{1,2})[-/.](?P<month>\d{1,2})[-/.](?P<year>\d{4})",
        r"(?:[a-z]+['’]?[a-z]*, *)?(?P<day>\d{1,2})[ -](?P<month>[a-z]+)\.?[ -](?P<year>\d{4})",
    )
)
_MONTHS = {
    name: number
    for number, names in enumerate(
        [
            *("jan januari january", "feb februari february peb", "mar maret march"),
            *("apr april", "mei may", "jun juni june", "jul juli july"),
            *("agt agu ags agustus aug august", "sep sept september"),
            *("okt oktober oct october", "nov november nop", "des desember dec december"),
        ],
        1,
    )
    for name in names.split()
}
_ZONES = {"wib": ZoneInfo(WIB), "wita": ZoneInfo(WITA), "wit": ZoneInfo(WIT)}
_TRACKING = re.compile(r"#?\s*(\d{1,9})")


class Wrong(ValueError):
    """A cell that says nothing usable; the message says what is wrong with it."""


def plain(cell: str) -> str:
    return " ".join(cell.split()).casefold()


def _shown(cell: str) -> str:
    return repr(cell.strip()[:SHOWN])


def tracking(cell: str) -> int:
    """Numbers of old cases are shorter than ours of seven digits."""
    found = _TRACKING.fullmatch(cell.strip())
    if not found or int(found[1]) == 0:
        raise Wrong("is not a number of at most nine digits")
    return int(found[1])


def text(cell: str) -> str:
    return _limited(cell, LONGEST_TEXT)


def label(cell: str) -> str:
    return _limited(cell, LONGEST_LABEL)


def _limited(cell: str, longest: int) -> str:
    if len(cell) > longest:
        raise Wrong(f"is longer than {longest:,} characters")
    if "\x00" in cell:
        raise Wrong("has a NUL character")
    if not cell.isascii():
        try:
            cell.encode()
        except UnicodeEncodeError as error:
            raise Wrong("has half a character (an unpaired surrogate)") from error
    return cell


def kind(cell: str) -> str:
    return _chosen(cell, KINDS, "kind of report")


def status(cell: str) -> Status:
    if DISPOSED_TO.fullmatch(cell.strip()):
        return Status.DISPOSED
    if CLOSES_ITSELF.fullmatch(plain(cell)):
        return Status.CLOSED
    return _chosen(cell, STATUSES, "status")


def disposed_to(cell: str) -> str:
    """The unit that a status names, or nothing."""
    found = DISPOSED_TO.fullmatch(cell.strip())
    return found[1] if found else ""


def privacy(cell: str) -> Privacy:
    return _chosen(cell, PRIVACIES, "privacy")


def flag(cell: str) -> bool:
    return _chosen(cell, YES_NO, "yes or no")


def _chosen(cell: str, known: Mapping[str, Said], what: str) -> Said:
    try:
        return known[plain(cell)]
    except KeyError:
        raise Wrong(f"{_shown(cell)} is no {what} that we know") from None


def whole(cell: str, *, least: int, most: int) -> int:
    number = cell.strip()
    if not re.fullmatch(r"\d{1,9}", number, re.ASCII) or not least <= int(number) <= most:
        raise Wrong(f"{_shown(cell)} is not a number from {least} to {most}")
    return int(number)


def degrees(cell: str, *, most: float) -> float:
    try:
        found = float(cell)
    except ValueError:
        found = most + 1
    if not isfinite(found) or abs(found) > most:
        raise Wrong(f"{_shown(cell)} is not in degrees, such as -6.9175")
    return found


@lru_cache(maxsize=4096)
def moment(cell: str, zone: ZoneInfo) -> tuple[datetime, bool]:
    """A time, in `zone` unless it carries its own, and whether only its day was said."""
    parts = _dated(cell)
    try:
        day = date(int(parts["year"]), _month(parts["month"]), int(parts["day"]))
        clock = time(
            int(parts["hour"] or 0),
            int(parts["minute"] or 0),
            int(parts["second"] or 0),
            int((parts["fraction"] or "").ljust(6, "0")),
            _zone(parts["zone"], zone),
        )
    except (ValueError, KeyError):
        raise Wrong(f"{_shown(cell)} is no date of the calendar") from None
    if day.year < EARLIEST:
        raise Wrong(f"{_shown(cell)} is before {EARLIEST}")
    return datetime.combine(day, clock), parts["hour"] is None


def day(cell: str, zone: ZoneInfo) -> date:
    return moment(cell, zone)[0].date()


def _dated(cell: str) -> Mapping[str, str]:
    words = " ".join(cell.split())
    for pattern in _DATES:
        if found := pattern.fullmatch(words):
            return found.groupdict()
    raise Wrong(f"{_shown(cell)} is no date such as 2025-11-05 14:30, 05/11/2025, 5 November 2025")


def _month(said: str) -> int:
    return int(said) if said.isdecimal() else _MONTHS[said.casefold()]


def _zone(said: str | None, otherwise: ZoneInfo) -> ZoneInfo | timezone:
    if not said:
        return otherwise
    if said.casefold() in _ZONES:
        return _ZONES[said.casefold()]
    if said[0] not in "+-":
        return UTC
    minutes = int(said[1:3]) * 60 + int(said[-2:])
    return timezone(timedelta(minutes=-minutes if said[0] == "-" else minutes))
