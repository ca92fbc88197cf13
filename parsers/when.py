"""When it happened: the words, and the date or the range where it can be said."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from parsers.dates import (
    Range,
    days_before,
    latest,
    latest_feast,
    latest_month,
    latest_numbered,
    latest_weekday,
    made,
    month_range,
    months_before,
    third,
    written,
    year_range,
)
from parsers.times import LEAP_LETTER, Atom, Times, atoms_of, span_of

# Letters are those of parsers.times.LETTERS; _ is any other word, . and , are marks.
UNIT = "[hMoyjeL]"
AMOUNT = f"(?:[NJ]{UNIT}(?:[NJ]{UNIT})?|A|v{UNIT}|Q)"
PART = "[PL]"
CLOCK = rf"(?:[jk]\.?[NC](?:-[NC])?{PART}?Z?|C(?:-C)?(?=[ZPL]){PART}?Z?)"
WEEKDAY = f"(?:L[wM]|h?w{PART}?|hM{PART}?|M{PART})"
MARK = "[Kg]"  # kemarin or lalu, behind a time
# What an expression may begin with: sudah sejak, jam, tanggal, a number ...
FIRST = r"(?=[asbzlOHBKtVhMoyjLAQGIx2TkUmwfRqXWpvNJDYC%~@Pi35])"
PATTERN = re.compile(
    rf"""
    {FIRST} (?:
      (?P<skip> R(?:[NJv]?[hMoywPLmjtfA])+ | WP? L? | U\.?(?:{CLOCK}|[NLPhMwmYfiKtB%Cxoy-])+
        | p\.?(?:Nm|[wMmf](?![Kgi])|hM) | ~{AMOUNT}
        | [qX]\.?(?:{AMOUNT}(?!E)|T?(?:NmY|D)|[yY]+|o?mY?)
        | [X5]\.?(?:{CLOCK}|Nji?) | 3Ny(?!!) | [hMoy]ia?Nn | Nn[hMoy]i
        | {AMOUNT}[cn] | jc | [NJC]{UNIT}?R | [hMoyw]F | F{PART} )
    | (?P<pre>a?b?l?z?[sOH]{{0,3}}z?a?l?s?)
      (?: (?: {CLOCK},? )? (?:
          (?P<written> (?:{WEEKDAY},?)? (?:T\.?)?D{MARK}? | (?:{WEEKDAY},?)?T\.?%{MARK}? )
        | (?P<named> (?:{WEEKDAY},?)? (?:T\.?)?N (?:[-U]N)? m Y? {MARK}? )
        | (?P<daily> T\.?N(?:[-U]N)? (?:o?{MARK}|oi)? )
        | (?P<feast> L?{LEAP_LETTER}?f(?:y{MARK}|yi|Y|y?Y|{MARK})? )
        | (?P<near> h?K2?{PART}? | h?2{PART}? | tL | V | t{PART}? | {PART}[tK] | [PhL]i | i{PART}
            | B )
        | (?P<third> x(?:o?mY?|o|y)(?:{MARK}|i)? )
        | (?P<month> om(?:Y|{MARK}|i)? | m(?:Y|{MARK}|i) )
        | (?P<year> y+Y | Y(?=U) )
        | (?P<ago> {AMOUNT}l?{MARK} )
        | (?P<late> X?{AMOUNT}(?:E|i) | G{AMOUNT} )
        | (?P<span> {AMOUNT}l? )
        | (?P<last> [Moy]{MARK} | G[Moy] )
        | (?P<this> [Moy]i )
        | (?P<weekday> {WEEKDAY}{MARK}? )
        ) (?: ,?z?O?{CLOCK} )?
      | (?P<clock> {CLOCK} )
      )
    | (?P<since> a?s(?:Y|m|{PART}|u|r) | s[_!]{{1,2}}(?:[Moy]?{MARK}) )
    | (?P<long> ad n* | au )
    | (?P<vague> I )
    )
    """,
    re.VERBOSE,
)
STATES, MARKS, END = frozenset("!~"), "Kg", "."
ASKED, UNTIL, HABIT, EVERY, WORK = "&", "U", "4", "R", "c"
HOURS = frozenset("PLjkNC")  # a part or an hour of the day
NEARBY = 4  # words between what lasts and how long it lasts
YEARS = 12  # more of them are mostly an age
MONTHS = {"month": 1, "year": 12, "halfyear": 6}
DAYS = {"day": 1, "week": 7}
FIXED = {"natal": (12, 25), "tahun baru": (1, 1), "kemerdekaan": (8, 17), "hari buruh": (5, 1)}
FAST, FAST_DAYS = "ramadan", 30
SUNDAY = 6
DIGIT_MARKS = "/.,:-"  # behind digits they end a sentence


@dataclass(frozen=True, slots=True)
class Said:
    """An expression: its kind, its atoms without what stands before them."""

    kind: str
    letters: str
    atoms: Sequence[Atom]
    before: str  # letters of sudah, hampir, sejak
    feasts: Mapping[str, Sequence[date]]

    def value(self, letters: str) -> str:
        """What the first atom of these letters says, or nothing."""
        return next((atom.value for atom in self.atoms if atom.letter in letters), "")

    def numbers(self) -> list[int]:
        return [int(atom.value) for atom in self.atoms if atom.letter == "N"]

    def has(self, letters: str) -> bool:
        return any(letter in self.letters for letter in letters)


def when_of(text: str, today: date | None, times: Times) -> tuple[str, str | None] | None:
    """The words that tell a time, with an ISO date or `from/to`; None if there are none.

    The first that are clear; else the first of those that might mean something else.
    """
    atoms = atoms_of(text, times)
    if not atoms:
        return None
    letters = "".join([atom.letter for atom in atoms])
    doubtful: tuple[str, str | None] | None = None
    for match in PATTERN.finditer(letters):
        if match.lastgroup in SILENT:
            continue
        said = _said(match, atoms, times)
        clear = CLEAR[said.kind](said, letters[: match.start()], letters[match.end() :])
        if clear is None:
            continue
        start, end = span_of(text, atoms[match.start()], atoms[match.end() - 1])
        found = text[start:end].rstrip(DIGIT_MARKS), _date(said, today) if today else None
        if clear:
            return found
        if doubtful is None or (found[1] and not doubtful[1]):
            doubtful = found
    return doubtful


def _said(match: re.Match[str], atoms: Sequence[Atom], times: Times) -> Said:
    kind = str(match.lastgroup)
    start, end = match.span(kind)
    return Said(kind, match[kind], atoms[start:end], match["pre"] or "", times.feasts)


# Whether an expression is clear: True, False for doubtful, None for no time at all.

Judge = Callable[[Said, str, str], bool | None]


def _always(_said: Said, _before: str, _behind: str) -> bool | None:
    return True


def _doubtful(_said: Said, _before: str, _behind: str) -> bool | None:
    return False


def _written(said: Said, _before: str, _behind: str) -> bool | None:
    """`5/11` alone is a house or an RT."""
    return True if said.has("DTwMKg") or set(said.before) & set("sO") else None


def _marked(said: Said, before: str, behind: str) -> bool | None:
    """`lebaran` alone tells no time, `habis lebaran` and `lebaran kemarin` do."""
    marked = said.has(f"{MARKS}Y{LEAP_LETTER}im") or set(said.before) & set("sOH")
    return _this(said, before, behind) if marked else None


def _near(said: Said, before: str, behind: str) -> bool | None:
    """`tadi` and `lusa` may be about anything."""
    return _this(said, before, behind) and said.letters not in ("t", "2", "h2")


def _this(said: Said, before: str, behind: str) -> bool | None:
    """`mohon datang malam ini` is still to come, and `mohon selesai habis lebaran`."""
    asked = not said.has(f"{MARKS}t") and ASKED in _nearby(before, "")
    return None if asked and STATES.isdisjoint(_nearby("", behind)) else True


def _year(said: Said, _before: str, _behind: str) -> bool | None:
    return bool(said.before)


def _span(said: Said, before: str, behind: str) -> bool | None:
    """`sudah 3 bulan`; `3 bulan` alone only near to what lasts, such as `mati`."""
    led = set(said.before)
    if said.has("y") and behind.startswith(WORK):  # sudah 12 tahun jadi honorer
        return None
    if led & set("ab") or said.has("vQ") or ("s" in led and "l" not in led):
        return True
    if said.has("je"):
        return None
    if "z" in led:
        return True
    aged = said.has("y") and max(said.numbers(), default=1) > YEARS
    return None if aged or STATES.isdisjoint(_nearby(before, behind)) else False


def _nearby(before: str, behind: str) -> str:
    """The letters on both sides within a sentence."""
    return before[-NEARBY:].rpartition(END)[2] + behind[:NEARBY].partition(END)[0]


def _weekday(said: Said, _before: str, _behind: str) -> bool | None:
    return said.has("hLPKg") or bool(said.before)


def _clock(said: Said, before: str, behind: str) -> bool | None:
    """`jam 9` alone is mostly when an office opens, `jam 2-4` and `jam 7 selalu` a habit."""
    if not {HABIT, EVERY}.isdisjoint(_nearby(before, behind)):
        return None
    ranged = "-" in said.letters or behind.startswith(UNTIL)
    if ranged and STATES.isdisjoint(_nearby(before, behind)):
        return None
    return False if said.has("CPLZk") or set(said.before) & set("szOH") else None


def _since(said: Said, before: str, behind: str) -> bool | None:
    """`dari pagi sampai malam` is a habit, `jadi guru sejak 2005` a life."""
    if before.endswith(WORK):
        return None
    if not said.has("PL"):
        return True
    return None if behind[:1] == UNTIL and behind[1:2] in HOURS else False


SILENT = ("skip", "pre", None)
CLEAR: Mapping[str, Judge] = {
    "written": _written,
    "named": _always,
    "daily": _always,
    "feast": _marked,
    "near": _near,
    "third": _marked,
    "month": _always,
    "year": _year,
    "ago": _always,
    "late": _always,
    "span": _span,
    "last": _always,
    "this": _this,
    "weekday": _weekday,
    "clock": _clock,
    "since": _since,
    "long": _always,
    "vague": _doubtful,
}


# The days of an expression.


def _date(said: Said, today: date) -> str | None:
    days = READ[said.kind](said, today) if said.kind in READ else None
    if days is None:
        return None
    first, last = days
    if "s" in said.before or said.kind == "since":
        last = today
    last = max(first, min(last, today))
    return f"{first}" if first == last else f"{first}/{last}"


def _only(day: date | None) -> Range | None:
    return (day, day) if day else None


def _read_written(said: Said, today: date) -> Range | None:
    text = said.value("D")
    if text:
        return _only(written(text))
    day, month = (int(part) for part in said.value("%").split("/"))
    return _only(latest(month, day, today))


def _read_named(said: Said, today: date) -> Range | None:
    month, year = int(said.value("m")), said.value("Y")
    ends = [
        made(int(year), month, day) if year else latest(month, day, today)
        for day in said.numbers()[:2]
    ]
    return _ordered(ends)


def _read_daily(said: Said, today: date) -> Range | None:
    """`tgl 25`, `tgl 25 bulan ini`"""
    if said.has("o"):
        within = months_before(today, int(said.has(MARKS)))
        return _ordered([made(within.year, within.month, day) for day in said.numbers()[:2]])
    return _ordered([latest_numbered(day, today) for day in said.numbers()[:2]])


def _ordered(ends: Sequence[date | None]) -> Range | None:
    first, last = ends[0], ends[-1]
    return (first, max(first, last)) if first and last else None


def _read_feast(said: Said, today: date) -> Range | None:
    name, year = said.value("f"), said.value("Y")
    days: Sequence[date] = said.feasts.get(name, ())
    if name in FIXED:
        days = [date(n, *FIXED[name]) for n in range(today.year - 9, today.year + 1)]
    if said.has("y") and said.has(MARKS):
        year = str(today.year - 1)
    day = latest_feast([day for day in days if not year or day.year == int(year)], today)
    if day is None:
        return None
    if name == FAST:
        return day, day + timedelta(days=FAST_DAYS - 1)
    return _only(day + timedelta(days=int(said.value(LEAP_LETTER) or 0)))


def _read_near(said: Said, today: date) -> Range | None:
    days = 1 if said.has("KV") or "tL" in said.letters else 0
    if said.has("2"):
        days = 2 if days else -2
    return _only(today - timedelta(days=days))


def _read_third(said: Said, today: date) -> Range | None:
    number, month, back = int(said.value("x")), said.value("m"), int(said.has(MARKS))
    if month:
        year = said.value("Y")
        within = month_range(int(year), int(month)) if year else latest_month(int(month), today)
    elif said.has("o"):
        earlier = months_before(today, back)
        within = month_range(earlier.year, earlier.month)
    else:
        within = year_range(today.year - back)
    return third(number, within)


def _read_month(said: Said, today: date) -> Range | None:
    month, year = int(said.value("m")), said.value("Y")
    return month_range(int(year), month) if year else latest_month(month, today)


def _read_year(said: Said, _today: date) -> Range | None:
    return year_range(int(said.value("Y")))


def _ago(said: Said, today: date) -> date | None:
    """The day that lies an amount back; None for a rough or a vague one."""
    if said.has("lvQJ") or set(said.before) & set("lz"):
        return None
    day, count = today, 0
    for atom in said.atoms:
        if atom.letter == "N":
            count = int(atom.value)
        elif atom.letter == "A" or (count and not (atom.letter == "L" and said.has("h"))):
            unit, amount = atom.value, count or 1
            months = MONTHS.get(unit, 0) * amount
            day = days_before(months_before(day, months), DAYS.get(unit, 0) * amount)
            count = 0
    return day


def _read_ago(said: Said, today: date) -> Range | None:
    return _only(_ago(said, today))


def _read_span(said: Said, today: date) -> Range | None:
    first = _ago(said, today)
    return (first, today) if first else None


def _read_last(said: Said, today: date) -> Range | None:
    if said.has("M"):
        return _only(today - timedelta(days=7))
    return _only(months_before(today, 1)) if said.has("o") else year_range(today.year - 1)


def _read_this(said: Said, today: date) -> Range | None:
    if said.has("M"):
        return today - timedelta(days=today.weekday()), today
    return today.replace(day=1) if said.has("o") else date(today.year, 1, 1), today


def _read_weekday(said: Said, today: date) -> Range | None:
    weekday = int(said.value("w") or SUNDAY) - (said.letters[0] == "L")
    day = latest_weekday(weekday % 7, today)
    past = day == today and said.has(MARKS)
    return _only(day - timedelta(days=7) if past else day)


def _read_since(said: Said, today: date) -> Range | None:
    if said.has("Y"):
        return _read_year(said, today)
    if said.has("m"):
        return latest_month(int(said.value("m")), today)
    return None


READ: Mapping[str, Callable[[Said, date], Range | None]] = {
    "written": _read_written,
    "named": _read_named,
    "daily": _read_daily,
    "feast": _read_feast,
    "near": _read_near,
    "third": _read_third,
    "month": _read_month,
    "year": _read_year,
    "ago": _read_ago,
    "late": _read_span,
    "span": _read_span,
    "last": _read_last,
    "this": _read_this,
    "weekday": _read_weekday,
    "since": _read_since,
}
