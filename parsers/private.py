"""Private data in a text, with offsets, so that it can be masked before anyone else's eyes."""

import re
from collections.abc import Callable, Iterator

from parsers.names import People
from parsers.understanding import Span

# 16 digits: six of the region, DDMMYY (day + 40 for women), four of a serial number.
# Mobile numbers start with 8 after +62, 62 or 0; digits may be grouped.
NUMBERS = (
    r"(?=[\d+(])(?:"
    r"(?P<sixteen>(?<!\d)\d{4}(?:[ .-]?\d{4}){3}(?!\d))"
    r"|(?P<phone>(?<![\d.,])(?:(?:\+?62[ .-]?|0)8\d{1,2}|\(08\d{2}\))(?:[ .-]?\d){6,10}(?!\d))"
    r"|(?P<landline>(?<![\d.,])(?:0[2-9]\d{1,2}|\(0[2-9]\d{1,2}\))[ -]?\d{3,5}[ -]?\d{2,5}"
    r"(?![\d-]))"
    r"|(?P<npwp>(?<!\d)\d\d\.\d{3}\.\d{3}\.\d[-.]\d{3}\.\d{3}(?!\d))"
    r"|(?P<account>(?<![\d.,])\d{3,18}(?:[ -]\d{1,7}){0,4}(?![\d.,]\d|\d)))"
    r"|(?<![A-Za-z0-9])(?=[A-Za-z]{1,2}[ .-]?\d)(?:"
    r"(?P<plate>[A-Za-z]{1,2}[ .-]?\d{1,4}[ .-]?[A-Za-z]{1,3}(?![A-Za-z0-9]))"
    r"|(?P<passport>[A-Za-z] ?\d{7}(?!\d)))"
)
EMAIL = (
    r"(?P<email>(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}"
    r"@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+)"
)
PATTERN, WITH_EMAIL = re.compile(NUMBERS), re.compile(f"{EMAIL}|{NUMBERS}")
KK_BEFORE = re.compile(r"\b(?:kk|kartu keluarga)\b(?:(?!nik|ktp)\D){0,12}$", re.IGNORECASE)
ACCOUNT_BEFORE = re.compile(
    r"\b(?:no\W?rek|rek|rekening|rekeningnya|norek|virtual account|va)\b[^\d]{0,30}$", re.IGNORECASE
)
# Banks and purses, whose numbers are long; the numbers by which offices know a person.
BANK_BEFORE = re.compile(
    r"\b(?:bca|bri|bni|mandiri|btn|bsi|cimb|bjb|danamon|permata|seabank|jago|jenius|briva|dana|ovo"
    r"|gopay|shopeepay|linkaja)\b(?:(?!rp)[^\d.!?]){0,12}$",
    re.IGNORECASE,
)
IDENTITY_BEFORE = re.compile(
    r"\b(?:bpjs|jkn|kis|idpel|id ?pel(?:anggan)?|pelanggan|meter(?:an)?|sambungan|sim"
    r"|paspor|passport|npwp|nisn|nip|nuptk|kpj|kks|kip|nik|ktp)\b(?:(?!rp|rupiah|tagihan|bayar)[^\d.!?]){0,20}$",
    re.IGNORECASE,
)
PASSPORT_BEFORE = re.compile(r"\b(?:paspor|passport)\b[^\d]{0,20}$", re.IGNORECASE)
PHONE_BEFORE = re.compile(
    r"\b(?:te?lp|tlpn|(?:di)?tele?pon|menele?pon|hp|wa|whatsapp|hub|(?:meng|di)?hubungi|kontak"
    r"|cp|call)\b[^\d]{0,15}$",
    re.IGNORECASE,
)
PLATE_BEFORE = re.compile(
    r"\b(?:plat|plate|pelat|nopol|no\W{0,2}pol|nomor polisi|no polisi|bernomor)\b[^\d]{0,12}$",
    re.IGNORECASE,
)
VEHICLE_BEFORE = re.compile(
    r"\b(?:mobil|motor|mtr|bus|bis|truk|truck|angkot|taksi|pick ?up|kendaraan)\W{1,3}$",
    re.IGNORECASE,
)
MOBILE = re.compile(r"8\d{9,11}")  # without its 0
ACCOUNT, BANK, IDENTITY = range(8, 17), range(10, 17), range(8, 19)  # digits
SEPARATOR = re.compile(r"[ .-]")
DIGIT = re.compile(r"\d")
LOOK_BACK = 40
PROVINCES = range(11, 100)
# Letters of the regions on plates (Perpol 7/2021), and endings that are units instead.
REGIONS = re.compile(
    "[ABDEFGHKLMNPRSTWZ]|A[ABDEG]|B[ABDEGHKLMNP]|D[ABCDEGHKLMNPRSTW]|E[ABD]|K[BHTU]|P[ABGSTY]"
)
UNITS = re.compile("KM|KG|M|CM|MM|L|CC|VA|GB|MB|RT|RW|RB|JT|K|W|KVA?|THN|BLN|HR|JAM|WI[BT]|WITA")


def private_spans(
    text: str, people: People, known: Callable[[str], bool] = lambda _: False
) -> tuple[Span, ...]:
    """Private data in the order of the text; a word of the language that is `known` is no name."""
    numbers = tuple(_numbers(text))
    names = people.found(text, known, [span for span in numbers if span.type == "phone"])
    found: list[Span] = []
    for span in sorted((*numbers, *names), key=lambda s: (s.start, -s.end)):
        if not found or span.start >= found[-1].end:
            found.append(span)
    return tuple(found)


def _numbers(text: str) -> Iterator[Span]:
    if "@" not in text and not DIGIT.search(text):
        return
    for match in (WITH_EMAIL if "@" in text else PATTERN).finditer(text):
        if kind := _type(match, text):
            yield Span(kind, *match.span())


def _type(match: re.Match[str], text: str) -> str | None:
    before = text[max(0, match.start() - LOOK_BACK) : match.start()]
    match match.lastgroup:
        case "sixteen":
            return _sixteen(match, before)
        case "account" | "landline":
            return _introduced(match, before)
        case "plate":
            return "plate" if _is_plate(match.group(), before) else None
        case "passport":
            return "account" if PASSPORT_BEFORE.search(before) else None
        case "npwp":
            return "account"
    return match.lastgroup


def _introduced(match: re.Match[str], before: str) -> str | None:
    """What the words before a number say that it is; None for any other number."""
    digits = "".join(filter(str.isdigit, match.group()))
    if len(digits) < ACCOUNT[0]:
        return None
    for lengths, introduction in (
        (ACCOUNT, ACCOUNT_BEFORE),
        (BANK, BANK_BEFORE),
        (IDENTITY, IDENTITY_BEFORE),
    ):
        if len(digits) in lengths and introduction.search(before):
            return "account"
    dialled = match["landline"] or MOBILE.fullmatch(digits)
    return "phone" if dialled and PHONE_BEFORE.search(before) else None


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
    whole = digits > 2 and len(letters[1]) > 1 and not UNITS.fullmatch(letters[1])
    return whole and (found.isupper() or bool(VEHICLE_BEFORE.search(before)))
