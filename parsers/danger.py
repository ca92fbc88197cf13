"""Danger in a message: an emergency now, or what should be read before others."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from parsers.cues import Cue, Spotted, beyond, covered, together

CALM_BEFORE = 4  # words before an emergency in which `rawan` or `takut` makes it none
HASTY = 50  # words at most of an emergency
AT_ONCE = 15  # words between a danger and that it is now
PARTED = 12  # words between a person and that nobody knows where they are
OWNED = 3  # words before a person in which a thing of theirs is named
LOST = range(-2, 1)  # words before the loss in which a thing is what was lost
YEAR = re.compile(r"(?<!lahir )(?<!kelahiran )\btahun (?:19|20)\d\d\b")  # of what is long over
# What together is an emergency: who is struck by what, and that it goes on.
ALARMS = (
    ("ablaze", "building"),
    ("flames", "spreading"),
    ("structure", "striking", "victim"),
    ("wire", "fallen", "live"),
    ("crash", "casualty"),
    ("lost", "wild"),
    ("wreck", "inside"),
    ("vessel", "sinking"),
    ("victim", "drowning"),
    ("victim", "unaided"),
    ("deep", "stranded"),
    ("gas", "sickened"),
    ("acute", "refused"),
    ("child", "locked"),
    ("held", "unfree"),
    ("violence", "doing"),
    ("harm", "now"),
    ("harm", "bleeding"),
    ("volcano", "erupting", "now"),
)
# A boat of which nobody hears, since yesterday as well; one that is only late must be at sea.
OVERDUE = (("vessel", "unreported"), ("vessel", "overdue", "adrift"))
# What is dangerous together: a pole and that it is about to fall.
PERILS = (
    ("structure", "failing"),
    ("wire", "bare"),
    ("water", "level"),
    ("beast", "attack"),
    ("threat", "deadly"),
    ("peril", "frail"),
    ("structure", "weak", "people"),
    ("pit", "open", "hurt"),
    ("dike", "leaking"),
    ("fuel", "escaping"),
    ("harm", "helpless", "again"),
    ("abuse", "minor"),
    ("vital", "lapsed"),
    ("fever", "full"),
    ("spill", "falling"),
    ("predator", "about"),
    ("disease", "deaths"),
    ("volcano", "erupting"),
)
# Over, if it is told of yesterday.
SUFFERED = (("event",), ("ill", "refused"), ("harm", "helpless"), ("supply", "out"))

# Cues of which at least one stands in any emergency; without, haste is only haste.
DREADED = (
    *("danger", "emergency", "urgent", "ablaze", "flames", "striking", "live", "crash"),
    *("casualty", "wreck", "drowning", "sinking", "lost", "unaided", "deep", "stranded", "gas"),
    *("sickened", "acute", "ill", "held", "locked", "violence", "harm", "threat", "deadly"),
    *("beast", "attack", "event", "peril", "missing", "vanished", "away"),
    *("unreported", "overdue", "bleeding", "erupting"),
)


def emergency_in(words: Sequence[str], spotted: Spotted) -> str | None:
    """The words that say that someone is in danger now; nobody writes a letter then."""
    return _alarm(words, spotted) if len(words) <= HASTY else None


def _alarm(words: Sequence[str], spotted: Spotted) -> str | None:
    if YEAR.search(" ".join(words)) and not beyond(spotted["now"], spotted["past"]):
        return None
    calm = [place for place, _ in spotted["calm"]]
    missing = _missing(spotted, len(words))
    if found := next((found for found in missing if not _calm(found, calm)), None):
        return _words(found)
    if _over(spotted):
        return None
    haste = [place for place, _ in spotted["now"]]
    now = (
        [cue] for cue in spotted["danger"] if any(abs(place - cue[0]) <= AT_ONCE for place in haste)
    )
    alone = ([cue] for cue in spotted["emergency"])
    alarms = chain(alone, now, together(spotted, ALARMS))
    return next((_words(found) for found in alarms if not _calm(found, calm)), None)


def _missing(spotted: Spotted, end: int) -> Iterator[list[Cue]]:
    """Boats and persons of whom nobody knows where they are, since yesterday as well."""
    if spotted["returned"]:
        return
    for found in together(spotted, OVERDUE):
        if found[1] in spotted["unreported"] or _without_object(found[1], spotted, end):
            yield found
    things = [place for place, _ in spotted["belonging"]]
    for gone in _gone(spotted, end):
        for person in spotted["kin"]:
            parted = 0 < gone[0] - person[0] <= PARTED
            if parted and not any(
                0 < person[0] - thing <= OWNED or thing - gone[0] in LOST for thing in things
            ):
                yield [person, gone]


def _gone(spotted: Spotted, end: int) -> Iterator[Cue]:
    """What is said of a missing person; the late and the absent must be sought as well."""
    sought = spotted["sought"]
    yield from spotted["missing"]
    for gone in spotted["vanished"]:
        behind = any(cue[0] > gone[0] for cue in sought)
        if behind or _without_object(gone, spotted, end):
            yield gone
    for gone in spotted["away"]:
        if beyond(sought, [gone]) and _without_object(gone, spotted, end):
            yield gone


def _without_object(cue: Cue, spotted: Spotted, end: int) -> bool:
    """Nothing was lost: no `ingatan` is behind `hilang`, but a time, a place or the end."""
    behind = max(covered([cue])) + 1
    return behind == end or any(place == behind for place, _ in spotted["since"])


def dreaded_in(spotted: Spotted) -> bool:
    """Whether anything is told that may be an emergency at all."""
    return any(spotted[cue] for cue in DREADED)


def _over(spotted: Spotted) -> bool:
    """Told of another time; `butuh bantuan` is not the help that came later."""
    return beyond(spotted["past"], spotted["now"])


def _calm(found: Sequence[Cue], calm: Sequence[int]) -> bool:
    """Before any of these words, but in none of them, is one such as `rawan` or `takut`."""
    said = covered(found)
    return any(
        place - CALM_BEFORE <= before < place and before not in said
        for place, _ in found
        for before in calm
    )


def urgent_in(words: Sequence[str], spotted: Spotted) -> str | None:
    """Why the message should be read before others, a letter as well."""
    found = _alarm(words, spotted) or _peril(spotted)
    return f"disebut: {found}" if found else None


def _peril(spotted: Spotted) -> str | None:
    """A phrase for danger, or words that mean danger together."""
    if spotted["urgent"]:
        return spotted["urgent"][0][1]
    if found := next(together(spotted, PERILS), None):
        return _words(found)
    if _over(spotted):
        return None
    calm = [place for place, _ in spotted["calm"]]
    for found in together(spotted, SUFFERED):
        if len(found) > 1 or not _calm(found, calm):  # one word alone may be feared
            return _words(found)
    return None


def _words(found: Iterable[Cue]) -> str:
    """As they stand in the text."""
    return " ".join(dict.fromkeys(phrase for _, phrase in sorted(found)))
