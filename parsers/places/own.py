"""Names of places that a deployment gave, beside those of Kemendagri."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from parsers.catalogue import Area
from parsers.places.index import WORD, Own, PlaceIndex, name_keys
from parsers.places.words import Common

SHOWN: Final = 3  # other regions of that name that are told


@dataclass(frozen=True, slots=True)
class OwnNames:
    """By key: the names that a text may hold, and the codes of words that may only begin it."""

    names: Mapping[str, Own]
    keywords: Mapping[str, tuple[str, ...]]


def own_names(areas: Iterable[Area], short: Mapping[str, str]) -> OwnNames:
    """A name of several regions keeps them all: it is ambiguous, and never guessed."""
    names: defaultdict[str, dict[str, int]] = defaultdict(dict)
    keywords: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for area in areas:
        if area.keyword:
            keywords[key_of(area.alias)][area.code] = None
            continue
        for key in name_keys(area.alias, short):
            names[key][area.code] = len(WORD.findall(area.alias))
    return OwnNames(
        {key: Own(tuple(codes), max(codes.values())) for key, codes in names.items()},
        {key: tuple(codes) for key, codes in keywords.items()},
    )


def key_of(alias: str) -> str:
    """As it is looked up: letters and digits only."""
    return "".join(WORD.findall(alias.casefold()))


def doubts(index: PlaceIndex, area: Area) -> Iterator[str]:
    """What else its name means, in words for whoever wrote it."""
    words = WORD.findall(area.alias.casefold())
    key = "".join(words)
    if len(words) == 1 and index.common(key) >= Common.WORD:
        everyday = key in index.words.everyday
        if area.keyword:
            yield "is an ordinary word" + (": it is never read as a keyword." if everyday else ".")
        else:
            cue = "`desa`, `kec`" if everyday else "`di`, `desa`"
            yield f"is an ordinary word: it is a place only after a word such as {cue}."
    elif len(words) > 1 and all(word in index.words.everyday for word in words):
        yield "consists of ordinary words: it is a place only after a word such as `di`."
    official, own = index.codes(key), index.own.get(key)
    short = index.aliases.get(key)
    known = (*official, *(short.codes if short else ()))
    if area.code in known and key == index.key(area.code):
        yield f"is what {area.code} is called anyway: the line is not needed."
    given = {area.code, *(own.codes if own else ())}
    others = [code for code in dict.fromkeys(known) if code not in given]
    if others:
        told = ", ".join(f"{index.names[code]} ({code})" for code in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        yield f"is also the name of {told}{more}."
