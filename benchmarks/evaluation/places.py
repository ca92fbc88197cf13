"""Whether the place is right, at each level, and its words."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.evaluation.metrics import Score, Share, share, token_score
from benchmarks.evaluation.table import Aim, Row, row
from parsers.text import tokenise
from parsers.understanding import Understanding

LEVELS = {"kab/kota": 5, "kecamatan": 8, "kelurahan/desa": 13}
KECAMATAN = Aim(0.92)
KELURAHAN = Aim(0.90)
WORDS = Aim(0.65)
ALARMS = Aim(0.15, at_most=True)
LONG = 8  # letters of a name that is no part of another word
LETTERS = re.compile(r"[^a-z0-9]+")


@dataclass(frozen=True, slots=True)
class Placed:
    """The place that is meant (Kemendagri code, "" for none) and what was understood."""

    code: str
    seen: Understanding
    ambiguous: bool = False


def at_level(placed: Placed, size: int) -> bool:
    """Whether the best place lies where the meant one does, at least that precisely."""
    best = placed.seen.place
    return best is not None and best.code[:size] == placed.code[:size] and len(best.code) >= size


def level_rows(
    group: str, on: str, answers: Sequence[Placed], aims: dict[str, Aim] | None = None
) -> list[Row]:
    rows = []
    for level, size in LEVELS.items():
        meant = [item for item in answers if len(item.code) >= size]
        aim = (aims or {}).get(level)
        rows.append(row(group, level, on, share(at_level(i, size) for i in meant), aim))
    return rows


def sure_rows(group: str, on: str, answers: Sequence[Placed]) -> list[Row]:
    """`sure` is right if it is the place, or what it lies in; no place may be sure without one."""
    told = [item for item in answers if item.code and not item.ambiguous]
    said = [item for item in told if item.seen.place and item.seen.place.sure]
    right = share(lies_there(item) for item in said)
    none = [item for item in answers if not item.code and not item.ambiguous]
    false = share(bool(item.seen.place and item.seen.place.sure) for item in none)
    unclear = [item for item in answers if item.ambiguous]
    kept = share(_not_guessed(item) for item in unclear)
    return [
        row(group, "`sure`: share of places", on, Share(len(said), len(told))),
        row(group, "`sure`: right", on, right, Aim(0.95)),
        row(group, "`sure` where there is no place", on, false, Aim(0.05, at_most=True)),
        row(group, "ambiguous and not `sure`", on, kept, Aim(0.95)),
    ]


def _not_guessed(placed: Placed) -> bool:
    """Sure of nothing, or of the province alone that all candidates lie in."""
    best = placed.seen.place
    return not (best and best.sure) or (bool(placed.code) and placed.code.startswith(best.code))


def lies_there(placed: Placed) -> bool:
    """Whether the best place is the meant one, or one of the two lies in the other."""
    found = placed.seen.place.code if placed.seen.place else "none"
    return placed.code.startswith(found) or found.startswith(placed.code)


def names(text: str, code_names: Sequence[str]) -> bool:
    """Whether a text has one of the names in it; long ones with blanks anywhere or nowhere."""
    plain = f" {LETTERS.sub(' ', text.lower())} "
    solid = plain.replace(" ", "")
    for name in (LETTERS.sub(" ", item.lower()).strip() for item in code_names):
        joined = name.replace(" ", "")
        if f" {name} " in plain or (len(joined) >= LONG and joined in solid):
            return True
    return False


def words_of(text: str) -> list[str]:
    return [token.norm for token in tokenise(text)]


def place_words(seen: Understanding) -> list[str]:
    """The words of the best place and of the address; a word that both share counts once."""
    address = words_of(seen.address or "")
    place = seen.place.text if seen.place and seen.place.start >= 0 else ""
    return address + [word for word in words_of(place) if word not in address]


def word_rows(
    group: str, on: str, answers: Sequence[tuple[str, Understanding]], *, aims: bool
) -> list[Row]:
    """Token F1 where there are words of place; false alarms where there are none."""
    told = [(where, seen) for where, seen in answers if where]
    none = [seen for where, seen in answers if not where]
    score: Score = token_score((words_of(where), place_words(seen)) for where, seen in told)
    false = share(bool(place_words(seen)) for seen in none)
    others = ("token F1 .459", "false alarm .42") if aims else ("", "")
    return [
        Row(
            group=group,
            what="place words: token F1",
            on=on,
            n=len(told),
            figure=score.f1,
            aim=WORDS if aims else None,
            others=others[0],
        ),
        Row(group=group, what="place words: precision", on=on, figure=score.precision),
        Row(group=group, what="place words: recall", on=on, figure=score.recall),
        row(group, "place words: false alarm", on, false, ALARMS if aims else None, others[1]),
    ]
