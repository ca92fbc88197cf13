"""Numbers of earlier complaints in a text, told apart from money and other numbers."""

import re
from collections.abc import Sequence

from parsers.text import Token

TRACKING = re.compile(r"[1-9]\d{4,8}")
USUAL = 7  # digits of a number given out today
RECENT = re.compile(r"[89]\d{3}(?!000)\d{3}")  # such a number, and no round amount
GLUED = re.compile(rf"(?:no|nomor|id|lap|laporan|aduan|tiket)({TRACKING.pattern})")
NEAR = 4  # words before a number that may say what it is
REPORT = frozenset(
    {"laporan", "laporanku", "lap", "aduan", "pengaduan", "keluhan", "tiket", "ticket", "lapor"}
    | {"id", "tracking", "kode", "status", "cek", "balas", "bl", "tl", "batal", "registrasi"}
)
OTHER = frozenset(
    {"rp", "idr", "hp", "wa", "whatsapp", "telp", "tlp", "telepon", "telpon", "nik", "kk", "ktp"}
    | {"rek", "rekening", "rt", "rw", "kodepos", "pos", "km", "pelanggan", "meter", "meteran"}
    | {"idpel", "token", "nisn", "npwp", "polisi", "nopol", "kartu", "bpjs", "sebesar", "harga"}
    | {"bayar", "seharga", "uang", "resi", "jalan", "jl", "jln", "kwh", "pin", "otp", "nib"}
)
UNIT = frozenset(
    {"rupiah", "rb", "ribu", "jt", "juta", "kg", "ton", "orang", "meter", "kk", "jiwa", "liter"}
    | {"perak", "m", "watt", "va", "km", "warga", "unit", "lembar"}
)
NUMBER_WORDS = frozenset({"no", "nomor", "nomer", "nmr", "nya", "dengan", "saya", "ini", "yaitu"})
AND = frozenset({"dan", "dn", "serta", "juga", "sama", "sm"})


def counts_something(tokens: Sequence[Token], place: int) -> bool:
    """True if the next word makes the number an amount."""
    return place + 1 < len(tokens) and tokens[place + 1].norm in UNIT


def trackings(tokens: Sequence[Token], text: str, *, bare: bool = False) -> tuple[str, ...]:
    """Tracking numbers, each once; `bare` accepts a number that nothing introduces."""
    found: dict[str, None] = {}
    last = -9  # place of the last number found: "8112829, 8588371 dan 8630536"
    for place, token in enumerate(tokens):
        if not token.norm[-1:].isdigit():
            continue
        if match := GLUED.fullmatch(token.norm):
            found[match[1]] = None
        if not TRACKING.fullmatch(token.norm) or _glued(token, text):
            continue
        if counts_something(tokens, place):
            continue
        between = [t.norm for t in tokens[last + 1 : place]] if last >= 0 else ["x"]
        if bare or set(between) <= AND or _introduced(tokens, place, text):
            found[token.norm] = None
            last = place
    return tuple(found)


def _glued(token: Token, text: str) -> bool:
    """Part of a longer number: 1.250.000, 0812-3456789, 62812..."""
    before, after = text[: token.start][-2:], text[token.end : token.end + 2]
    joins = ".,-/:+"
    return (
        (len(before) == 2 and before[1] in joins and before[0].isdigit())
        or before.endswith("+")
        or (len(after) == 2 and after[0] in joins and after[1].isdigit())
    )


def _introduced(tokens: Sequence[Token], place: int, text: str) -> bool:
    token = tokens[place]
    if text[: token.start].rstrip().endswith("#"):
        return True
    numbered = bool(RECENT.fullmatch(token.norm))
    for word in reversed([t.norm for t in tokens[max(0, place - NEAR) : place]]):
        if word in REPORT:
            return True
        if word in OTHER or not word.isalpha():
            return False
        if word not in NUMBER_WORDS:
            break
        numbered = numbered or word.startswith("n")
    return numbered and len(token.norm) == USUAL
