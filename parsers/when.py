"""When it happened: the words, and the date or the range where it can be said."""

import re
from datetime import date, timedelta

NUMBERS = {
    "se": 1,
    "satu": 1,
    "dua": 2,
    "tiga": 3,
    "empat": 4,
    "lima": 5,
    "enam": 6,
    "tujuh": 7,
    "delapan": 8,
    "sembilan": 9,
    "sepuluh": 10,
}
DAYS = {"hari": 1, "hr": 1, "minggu": 7, "mggu": 7, "mgg": 7, "bulan": 30, "bln": 30}
DAYS |= {"tahun": 365, "thn": 365, "th": 365}
MONTHS = {
    **dict.fromkeys(("januari", "jan"), 1),
    **dict.fromkeys(("februari", "feb", "pebruari"), 2),
    **dict.fromkeys(("maret", "mar"), 3),
    **dict.fromkeys(("april", "apr"), 4),
    **dict.fromkeys(("mei",), 5),
    **dict.fromkeys(("juni", "jun"), 6),
    **dict.fromkeys(("juli", "jul"), 7),
    **dict.fromkeys(("agustus", "agu", "agt", "ags"), 8),
    **dict.fromkeys(("september", "sep", "sept"), 9),
    **dict.fromkeys(("oktober", "okt"), 10),
    **dict.fromkeys(("november", "nov", "nopember"), 11),
    **dict.fromkeys(("desember", "des"), 12),
}
TODAY = (
    r"(?:hari|malam|pagi|siang|sore)[ ]ini|barusan|baru[ ]saja"
    r"|(?:tadi|td)(?:[ ](?:pagi|siang|sore))?"
)
YESTERDAY = r"kemarin|kmrn|kmarin|kemaren|wingi|semalam|smlm|(?:tadi|td)[ ](?:malam|mlm)"
AMOUNT = rf"\d{{1,3}}|{'|'.join(n for n in NUMBERS if n != 'se')}"
UNIT = "|".join(DAYS)
SINCE = r"sudah|sdh|udah|udh|hampir|selama|lebih[ ]dari|sejak|dari"
PATTERN = re.compile(
    rf"""\b(?=[\dbdehklmpstuw])(?:
      (?P<yesterday>{YESTERDAY})
    | (?P<day>\d{{1,2}})[ ]?(?P<monthname>{"|".join(MONTHS)})(?:[ ](?P<y1>\d{{4}}))?
    | (?:tgl|tanggal)[ .]*(?P<d2>\d{{1,2}})(?:[/.-](?P<m2>\d{{1,2}})(?:[/.-](?P<y2>\d{{2,4}}))?)?
    | (?P<d3>\d{{1,2}})[/-](?P<m3>\d{{1,2}})[/-](?P<y3>\d{{4}})
    | (?:(?P<since>{SINCE})[ ])?(?P<n>(?:{AMOUNT})[ ]?|se)(?P<unit>{UNIT})(?:an)?
      (?P<ago>[ ](?:yang[ ]|yg[ ])?(?:lalu|kemarin|kmrn))?
    | (?P<last>(?:minggu|bulan|tahun)[ ](?:lalu|kemarin|kmrn))
    | (?P<today>{TODAY})
    )\b""",
    re.VERBOSE,
)
LAST = {"minggu": 7, "bulan": 30, "tahun": 365}


def when_of(text: str, today: date | None) -> tuple[str, str | None] | None:
    """The first words that tell a time, with an ISO date or `from/to`; None if there are none."""
    for match in PATTERN.finditer(text.lower()):
        if match["unit"] and not (match["since"] or match["ago"]):
            continue  # "iuran 3 bulan" tells no time
        start, end = match.span()
        return text[start:end].strip(), _said(match, today)
    return None


def _said(match: re.Match[str], today: date | None) -> str | None:
    if match["day"] or match["d2"] or match["d3"]:
        return _calendar(match, today)
    if today is None:
        return None
    if match["unit"]:
        return _counted(match, today)
    if match["last"]:
        return (today - timedelta(days=LAST[match["last"].split()[0]])).isoformat()
    return (today - timedelta(days=1 if match["yesterday"] else 0)).isoformat()


def _calendar(match: re.Match[str], today: date | None) -> str | None:
    """A day of the calendar; without a year it is the latest such day."""
    day = int(match["day"] or match["d2"] or match["d3"])
    year = _year(match["y1"] or match["y2"] or match["y3"])
    named = match["monthname"]
    month = MONTHS[named] if named else int(match["m2"] or match["m3"] or 0)
    if not month and today:
        month = today.month if day <= today.day else (today.month - 2) % 12 + 1
    if year is None and today is None:
        return None
    try:
        found = date(year or today.year, month, day)  # type: ignore[union-attr]
        if year is None and today and found > today:
            found = found.replace(year=found.year - 1)
    except ValueError:
        return None
    return found.isoformat()


def _year(digits: str | None) -> int | None:
    if not digits:
        return None
    return int(digits) if len(digits) == 4 else 2000 + int(digits) % 100


def _counted(match: re.Match[str], today: date) -> str:
    """`3 hari lalu` is a day, `sudah 3 minggu` a range until today."""
    amount = match["n"].strip()
    days = (int(amount) if amount.isdigit() else NUMBERS[amount]) * DAYS[match["unit"]]
    first = (today - timedelta(days=days)).isoformat()
    return first if match["ago"] else f"{first}/{today.isoformat()}"
