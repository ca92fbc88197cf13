"""Sentences in the language of the person who reads them: Indonesian, or what a catalogue adds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date
from babel.messages.pofile import read_po

SOURCE = "id"  # the sentences in the code are Indonesian
LOCALE = Path(__file__).parent / "locale"  # <ISO 639>.po: a translator adds a file, nothing else
DAY = "d MMM y"


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words that are translated when they are said; a field may be a sentence or a date itself."""

    words: str
    fields: Mapping[str, "Part"] = field(default_factory=dict)

    def say(self, language: str = SOURCE) -> str:
        words = _catalogue(language).get(self.words) or self.words
        return words.format_map({name: _said(part, language) for name, part in self.fields.items()})


Part = str | int | date | Sentence


def label(words: str, language: str) -> str:
    """A name or the words of a button; what no translator knows stays as it is."""
    return _catalogue(language).get(words) or words


def joined(*parts: Part) -> Sentence:
    """One after the other; the blank ones are left out."""
    named = {f"p{number}": part for number, part in enumerate(parts) if part != ""}
    return Sentence(" ".join(f"{{{name}}}" for name in named), named)


def languages() -> dict[str, str]:
    """Code and own name of every language that can be chosen, Indonesian first."""
    codes = [SOURCE, *sorted(path.stem for path in LOCALE.glob("*.po"))]
    return {code: Locale.parse(code).get_display_name(code) or code for code in codes}


def _said(part: Part, language: str) -> str:
    match part:
        case Sentence():
            return part.say(language)
        case date():
            return format_date(part, DAY, locale=language)
    return str(part)


@cache
def _catalogue(language: str) -> dict[str, str]:
    """The translations of a language by their Indonesian words; none for an unknown language."""
    path = LOCALE / f"{language}.po"
    if not path.is_file():
        return {}
    with path.open("rb") as file:
        catalogue = read_po(file, locale=language)
    return {str(m.id): str(m.string) for m in catalogue if m.id and m.string and not m.fuzzy}


def named(wanted: str) -> str:
    """The code of a language by code or name: `en`, `Inggris`, `english`, `basa Sunda`."""
    word = wanted.strip().casefold()
    for code in languages():
        locale = Locale.parse(code)
        names = (locale.get_display_name(code), locale.get_display_name(SOURCE))
        known = {code, *(name.casefold() for name in names if name), *_english(locale)}
        if word in known:
            return code
    return word


def _english(locale: Locale) -> set[str]:
    return {locale.english_name.casefold()} if locale.english_name else set()
