"""Whether the words of a complaint ask to hide its reporter's name, or the whole report."""

import re

ANONYMOUS, SECRET = "anonim", "rahasia"
NAME = r"(?:nama|identitas|data|nomor|diri)"
HIDE = r"(?:rahasiakan|dirahasiakan|sembunyikan|disembunyikan|samarkan|disamarkan|lindungi)"
# Of formal words with single blanks between them; the name is looked for first, it is less.
WISHES = (
    (ANONYMOUS, re.compile(rf"\b{HIDE} {NAME}\b|\b{NAME}(?: \w+){{0,4}} {HIDE}\b")),
    (
        ANONYMOUS,
        re.compile(rf"\bjangan (?:\w+ )?(?:sebut|sebutkan|bocorkan|sebarkan)(?: \w+)? {NAME}\b"),
    ),
    (ANONYMOUS, re.compile(r"\b(?:secara|sebagai|kirim|lapor) anonim\b|\btanpa nama\b")),
    (SECRET, re.compile(rf"\b(?:mohon|tolong|minta|harap|agar|supaya) (?:\w+ ){{0,3}}{HIDE}\b")),
    (SECRET, re.compile(r"\b(?:laporan|aduan|pengaduan)(?: \w+)? (?:rahasia|dirahasiakan)\b")),
)
WORDS = {ANONYMOUS: ANONYMOUS, SECRET: SECRET}  # a message may begin or end with them
LOOKED_AT = 4_000  # characters


def privacy_wish(normalised: str) -> str:
    """`anonim`, `rahasia` or nothing."""
    text = normalised[:LOOKED_AT]
    words = text.split()
    for word in (words[0], words[-1]) if words else ():
        if word in WORDS:
            return WORDS[word]
    return next((wish for wish, pattern in WISHES if pattern.search(text)), "")
