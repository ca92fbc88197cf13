"""Private data in a text, with offsets, so that it can be masked before anyone else's eyes."""

import re
from collections.abc import Callable, Iterator

from parsers.understanding import Span

# 16 digits: six of the region, DDMMYY (day + 40 for women), four of a serial number.
# Mobile numbers start with 8 after +62, 62 or 0; digits may be grouped.
NUMBERS = (
    r"(?=[\d+])(?:"
    r"(?P<sixteen>(?<!\d)\d{4}(?:[ .-]?\d{4}){3}(?!\d))"
    r"|(?P<phone>(?<![\d.,])(?:\+?62[ .-]?|0)8\d{1,2}(?:[ .-]?\d){6,10}(?!\d))"
    r"|(?P<account>(?<![\d.,])\d{3,15}(?:[ -]\d{2,7}){0,3}(?![\d.,]\d|\d)))"
    r"|(?P<plate>(?<![A-Za-z0-9])[A-Za-z]{1,2}[ .-]?\d{1,4}[ .-]?[A-Za-z]{1,3}(?![A-Za-z0-9]))"
)
EMAIL = (
    r"(?P<email>(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}"
    r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)"
)
PATTERN, WITH_EMAIL = re.compile(NUMBERS), re.compile(f"{EMAIL}|{NUMBERS}")
KK_BEFORE = re.compile(r"\b(?:kk|kartu keluarga)\b[^\d]{0,12}$", re.IGNORECASE)
ACCOUNT_BEFORE = re.compile(
    r"\b(?:no\W?rek|rek|rekening|rekeningnya|norek|virtual account|va)\b[^\d]{0,30}$", re.IGNORECASE
)
PLATE_BEFORE = re.compile(
    r"\b(?:plat|plate|pelat|nopol|no\W{0,2}pol|nomor polisi|no polisi|bernomor)\b[^\d]{0,12}$",
    re.IGNORECASE,
)
ACCOUNT = range(8, 17)  # digits of a bank account
SEPARATOR = re.compile(r"[ .-]")
LOOK_BACK = 40
PROVINCES = range(11, 100)
# Letters of the regions on plates (Perpol 7/2021), and endings that are units instead.
REGIONS = re.compile(
    "[ABDEFGHKLMNPRSTWZ]|A[ABDEG]|B[ABDEGHKLMNP]|D[ABCDEGHKLMNPRSTW]|E[ABD]|K[BHTU]|P[ABGSTY]"
)
UNITS = re.compile("KM|KG|M|CM|MM|L|CC|VA|GB|MB|RT|RW|RB|JT|K|W|KVA?|THN|BLN|HR|JAM|WI[BT]|WITA")

NAMED = re.compile(
    r"\b(?=[AaBbDdHhNn])"
    r"(?i:nama|nm|namanya|bernama|atas nama|a\.?n\.?|hormat (?:saya|kami)|hormati saya"
    r"|di ?bawah ini)(?i: (?:saya|sy|lengkap))?\s*[:=,]?\s+"
    r"(?:(?:Bapak|Ibu|Pak|Bu|Bpk|Sdri?)\.? )?"
    r"(?P<name>[A-Z][a-z'’]{2,}(?: [A-Z][a-z'’]+){0,3})",
    re.ASCII,
)
NAMED_LOOSELY = re.compile(
    r"\b(?=[AaKkNnPpSsUu])"
    r"(?:[Nn]ama|[Nn]m|[Nn]ama (?:saya|sy)|[Pp]erkenalkan|[Ss]aya|[Ss]y|[Uu]lun|[Aa]bdi|[Kk]ulo)"
    r"[:,]? (?P<name>[A-Z][a-z'’]{2,}(?: [A-Z][a-z'’]+){0,3})",
    re.ASCII,
)
NAMED_WITH_PHONE = re.compile(
    r"\b(?=[BbIiPpSs])(?:[Ii]bu|[Bb]u|[Bb]apak|[Bb]pk|[Pp]ak|[Ss]dri?)\.? "
    r"(?P<name>[A-Z][a-z'’]{2,}(?: [A-Z][a-z'’]+){0,2})"
    r"(?=\W{0,3}(?:di|hub|hp|wa|telp|tlp|no)?\W{0,3}(?:\+?62|0)8\d)",
    re.ASCII,
)
GROUPS = frozenset(
    {"warga", "masyarakat", "rakyat", "keluarga", "kelompok", "komunitas", "tokoh", "forum"}
    | {"perusahaan", "pemerintah", "karyawan", "pedagang", "petani", "nelayan", "mahasiswa"}
    | {"siswa", "jalan", "desa", "kelurahan", "kecamatan"}
)


def private_spans(text: str, known: Callable[[str], bool] = lambda _: False) -> tuple[Span, ...]:
    """Private data in the order of the text; a `known` word after `saya` is no name."""
    found: list[Span] = []
    for span in sorted((*_numbers(text), *_names(text, known)), key=lambda s: (s.start, -s.end)):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return tuple(found)


def _numbers(text: str) -> Iterator[Span]:
    for match in (WITH_EMAIL if "@" in text else PATTERN).finditer(text):
        if kind := _type(match, text):
            yield Span(kind, *match.span())


def _type(match: re.Match[str], text: str) -> str | None:
    before = text[max(0, match.start() - LOOK_BACK) : match.start()]
    if match["sixteen"]:
        return _sixteen(match, before)
    if match["account"]:
        digits = sum(map(str.isdigit, match.group()))
        return "account" if digits in ACCOUNT and ACCOUNT_BEFORE.search(before) else None
    if match["plate"]:
        return "plate" if _is_plate(match.group(), before) else None
    return match.lastgroup


def _sixteen(match: re.Match[str], before: str) -> str:
    """nik, kk, or account for a number that cannot be one of them."""
    digits = SEPARATOR.sub("", match.group())
    day, month = int(digits[6:8]), int(digits[8:10])
    born = (1 <= day <= 31 or 41 <= day <= 71) and 1 <= month <= 12
    if not born or int(digits[:2]) not in PROVINCES:
        return "account"
    return "kk" if KK_BEFORE.search(before) else "nik"


def _is_plate(found: str, before: str) -> bool:
    """Introduced as one, or in capitals with three digits and no unit behind."""
    letters = re.split(r"[ .\d-]+", found.upper())
    if not REGIONS.fullmatch(letters[0]):
        return False
    if PLATE_BEFORE.search(before):
        return True
    digits = sum(map(str.isdigit, found))
    return (
        found.isupper() and digits > 2 and len(letters[1]) > 1 and not UNITS.fullmatch(letters[1])
    )


def _names(text: str, known: Callable[[str], bool]) -> Iterator[Span]:
    for pattern, careful in ((NAMED, False), (NAMED_LOOSELY, True), (NAMED_WITH_PHONE, False)):
        for match in pattern.finditer(text):
            first = match["name"].split()[0].lower()
            if first not in GROUPS and not (careful and known(first)):
                yield Span("name", *match.span("name"))
