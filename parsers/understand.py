"""Everything that 1708 reads from one text."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from parsers.agency import AgencyMatcher
from parsers.catalogue import Catalogue
from parsers.commands import CommandWords, parse_command
from parsers.cues import Cues
from parsers.headline import address_of, headline_of
from parsers.kind import emergency_in, kind_of, language_of, urgent_in
from parsers.match import CategoryMatcher, Words
from parsers.phrases import Hit, Reading
from parsers.private import private_spans
from parsers.text import Lexicon, Token, tokenise
from parsers.tracking import trackings
from parsers.understanding import Candidate, Command, Kind, PlaceCandidate, Understanding
from parsers.when import when_of

KEYWORD = "lapor"  # LAPOR <text>, the format that most leaflets print
NUMBER = "1708"
LEVELS = {2: "provinsi", 5: "kabkota", 8: "kecamatan", 13: "kelurahan_desa"}
KEYWORD_SCORE = 95.0  # of a place that the sender's keyword names
LIKELY = 40.0  # score from which a category makes a text a complaint
WHEN_CHARS = 4_000  # of a text in which a time is looked for


class PlaceFinder(Protocol):
    """What is needed of parsers.places.Gazetteer."""

    def find(
        self,
        tokens: Sequence[Token],
        text: str,
        *,
        area: str | None = None,
        lat: float | None = None,
        lon: float | None = None,
    ) -> tuple[PlaceCandidate, ...]: ...

    def region_keyword(self, word: str) -> str | None: ...

    def name(self, code: str) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The word lists of parsers/tables."""

    lexicon: Lexicon
    commands: CommandWords
    cues: Cues
    opening: frozenset[str]  # words before the trouble is told
    streets: frozenset[str]
    numbers: frozenset[str]  # words before a house or RT/RW number


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Scores 0..100 from config.yaml, section matching."""

    category_sure: float = 70.0
    category_margin: float = 8.0
    command_typo: float = 80.0


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before the message proper: how many words, and the region they name."""

    words: int = 0
    area: str | None = None
    keyword: Token | None = None


class Understander:
    """Built once from catalogue, places and tables; then pure."""

    def __init__(
        self, catalogue: Catalogue, places: PlaceFinder, tables: Tables, thresholds: Thresholds
    ) -> None:
        self._places, self._tables, self._thresholds = places, tables, thresholds
        self._words = Words(tables.lexicon, catalogue.texts())
        self._ordinary = self._words.vocabulary | tables.lexicon.stopwords | tables.opening
        sure, margin = thresholds.category_sure, thresholds.category_margin
        self._categories = CategoryMatcher(catalogue, self._words, sure=sure, margin=margin)
        self._agencies = AgencyMatcher(
            catalogue, self._words, area_name=places.name, sure=sure, margin=margin
        )

    def understand(
        self,
        text: str,
        *,
        area: str | None = None,
        lat: float | None = None,
        lon: float | None = None,
        today: date | None = None,
    ) -> Understanding:
        """Read any text, in bounded time; `area` is the place that is likely anyway."""
        tokens = tokenise(text)
        lead = self._lead(tokens, text)
        body = _body(text, tokens, lead)
        known = lead.area or area
        rest = tokens[lead.words :]
        places = self._places.find(rest, text, area=known, lat=lat, lon=lon)
        if not places and lead.area and lead.keyword:
            places = (self._from_keyword(lead.area, lead.keyword, text),)
        command = parse_command(text, self._tables.commands, typo=self._thresholds.command_typo)
        if command is None and lead.words:
            command = parse_command(body, self._tables.commands, typo=self._thresholds.command_typo)
        return self._read(text, body, tokens, rest, places, command, known, today)

    def _read(
        self,
        text: str,
        body: str,
        tokens: Sequence[Token],
        rest: Sequence[Token],
        places: tuple[PlaceCandidate, ...],
        command: Command | None,
        area: str | None,
        today: date | None,
    ) -> Understanding:
        tables, cues = self._tables, self._tables.cues
        masked = _covered(rest, places)
        words = self._words.normaliser(rest)
        flat = [word for parts in words for word in parts]
        reading = self._words.read(words, masked)
        shares, hits = self._categories.shares(reading)
        categories = self._categories.rank(shares, hits)
        tracking = (command.tracking,) if command and command.tracking else trackings(tokens, text)
        private = private_spans(text)
        kind = self._kind(flat, command, tracking, categories)
        return Understanding(
            kind=kind,
            body=body,
            command=command,
            language=language_of([token.norm for token in rest], cues),
            urgent=urgent_in(flat, cues),
            headline=headline_of(
                text,
                rest,
                telling=_telling(hits, reading),
                opening=tables.opening,
                private=private,
            ),
            normalised=" ".join(flat),
            categories=categories,
            agencies=self._agencies.rank(reading, shares, _office_place(places, area)),
            places=places,
            address=address_of(
                text,
                rest,
                words,
                streets=tables.streets,
                numbers=tables.numbers,
                ordinary=self._ordinary,
            ),
            when=when_of(text[:WHEN_CHARS], today),
            tracking=tracking,
            private=private,
        )

    def _kind(
        self,
        words: Sequence[str],
        command: Command | None,
        tracking: Sequence[str],
        categories: Sequence[Candidate],
    ) -> Kind:
        if command:
            return Kind.COMMAND
        cues = self._tables.cues
        return kind_of(
            words,
            cues,
            tracking=bool(tracking),
            emergency=emergency_in(words, cues) is not None,
            likely=bool(categories) and categories[0].score >= LIKELY,
        )

    def _lead(self, tokens: Sequence[Token], text: str) -> Lead:
        """`LAPOR`, `lapor 1708!` and a region keyword, in this order, each or none."""
        used = 0
        if tokens and tokens[0].norm == KEYWORD:
            used = 2 if len(tokens) > 1 and tokens[1].norm == NUMBER else 1
        if used == len(tokens):
            return Lead(used)
        word = tokens[used]
        area = self._places.region_keyword(word.norm)
        if area is None:
            return Lead(used)
        return Lead(used + self._is_keyword(word, area, text), area, word)

    def _is_keyword(self, word: Token, area: str, text: str) -> bool:
        """TANGKAB and GARUT are keywords; `Garut` in a sentence is a name and stays in the text."""
        plain = word.norm in self._places.name(area).casefold().split()
        return not plain or text[word.start : word.end].isupper()

    def _from_keyword(self, area: str, keyword: Token, text: str) -> PlaceCandidate:
        start, end = keyword.start, keyword.end
        name, level = self._places.name(area), LEVELS.get(len(area), "kabkota")
        return PlaceCandidate(area, level, name, KEYWORD_SCORE, True, text[start:end], start, end)


def _body(text: str, tokens: Sequence[Token], lead: Lead) -> str:
    if not lead.words:
        return text.strip()
    if lead.words == len(tokens):
        return ""
    return text[tokens[lead.words].start :].strip()


def _covered(tokens: Sequence[Token], places: Sequence[PlaceCandidate]) -> frozenset[int]:
    """Tokens that name a place say nothing about the trouble."""
    spans = [(place.start, place.end) for place in places[:1] if place.start >= 0]
    return frozenset(
        index
        for index, token in enumerate(tokens)
        if any(start <= token.start < end for start, end in spans)
    )


def _telling(hits: Sequence[Hit], reading: Reading) -> set[int]:
    return {reading.tokens[position] for hit in hits for position in hit.positions}


def _office_place(places: Sequence[PlaceCandidate], area: str | None) -> str:
    """The place whose offices are meant: a sure one in the text, else the area that is likely."""
    if places and places[0].sure:
        return places[0].code
    return area or ""


__all__ = ["PlaceFinder", "Tables", "Thresholds", "Understander"]
