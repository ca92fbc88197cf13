"""Everything that 1708 reads from one text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from parsers.agency import AgencyMatcher
from parsers.catalogue import Catalogue
from parsers.commands import CommandWords, parse_command
from parsers.cues import Cues, Spotted
from parsers.danger import DREADED, urgent_in
from parsers.features import Seen
from parsers.headline import headline_of
from parsers.kind import (
    HAPPENED,
    REPORTS,
    filed,
    kind_of,
    language_of,
    reported_in,
    settled,
)
from parsers.learned import KIND, Model, Verdict
from parsers.match import OF_CATEGORY, CategoryMatcher, Words
from parsers.matchers import Cold, Matchers, Witness
from parsers.names import People
from parsers.phrases import Hit, Reading
from parsers.places.gazetteer import Gazetteer
from parsers.private import private_spans
from parsers.several import two_told
from parsers.text import Lexicon, Token, tokenise
from parsers.times import Times
from parsers.tracking import trackings
from parsers.understanding import Candidate, Command, Kind, PlaceCandidate, Span, Understanding
from parsers.when import when_of

KEYWORD = "lapor"  # LAPOR <text>, the format that most leaflets print
NUMBER = "1708"
KEYWORD_SCORE = 95.0  # of a place that the sender's keyword names
LIKELY = 40.0  # probability in a hundred from which a category makes a text a complaint
# Kinds that report, in whatever words: what was told before, or what is happening now.
REPORTING = frozenset({Kind.FOLLOW_UP, Kind.STATUS_QUERY, Kind.EMERGENCY})
FAINT = 70.0  # score of a category below which it takes other words to say that trouble is told
BESIDES = 10  # words beside those of a place, so that a text is no answer to `where?`
WRONG = ("trouble", *DREADED)  # cues that something is wrong
WHEN_CHARS = 4_000  # of a text in which a time is looked for


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The word lists of parsers/tables."""

    lexicon: Lexicon
    commands: CommandWords
    cues: Cues
    opening: frozenset[str]  # words before the trouble is told
    areas: frozenset[str]  # words before the name of a place
    times: Times
    people: People


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Scores 0..100 from config.yaml, section matching."""

    category_sure: float = 89.0
    category_margin: float = 8.0
    command_typo: float = 80.0


@dataclass(frozen=True, slots=True)
class Lead:
    """What stands before the message proper: how many words, and the region they name."""

    words: int = 0
    area: str | None = None
    keyword: Token | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The words of the message proper, and what was found in them."""

    words: Sequence[tuple[str, ...]]  # of each token
    flat: Sequence[str]
    spotted: Spotted
    reading: Reading
    shares: Mapping[str, float]  # probability of each category
    topical: float  # score 0..100: that the text is about any of them
    telling: frozenset[int]  # tokens that say what the trouble is
    categories: tuple[Candidate, ...]
    several: bool
    desk: Verdict | None  # on the agency, where that was learnt
    kind: Verdict | None  # where that was learnt


class Understander:
    """Built once from catalogue, places and tables; then pure."""

    def __init__(
        self,
        catalogue: Catalogue,
        places: Gazetteer,
        tables: Tables,
        thresholds: Thresholds,
        *,
        model: Model | None = None,
        national: Matchers | None = None,
        mentor: Model | None = None,
    ) -> None:
        """`model` is what this deployment learnt; it looks with `national` and its `mentor`."""
        self._places, self._tables, self._thresholds = places, tables, thresholds
        self._words = Words(tables.lexicon, catalogue.texts())
        sure, margin = thresholds.category_sure, thresholds.category_margin
        self._categories = CategoryMatcher(catalogue, self._words, sure=sure, margin=margin)
        self._agencies = AgencyMatcher(
            catalogue, self._words, area_name=places.name, sure=sure, margin=margin
        )
        self.matchers = Matchers(self._words, self._categories, self._agencies)
        self._model = model
        self._witness = Witness(self.matchers, national or self.matchers, mentor)
        self._codes = {"category": len(catalogue.topics), "agency": len(catalogue.agencies)}

    def see(self, text: str, *, area: str | None = None) -> tuple[Seen, Cold]:
        """What a model may learn from a text, and what the matchers think without it."""
        tokens = tokenise(text)
        lead = self._lead(tokens, text)
        rest = tokens[lead.words :]
        words = self._words.normaliser(rest)
        named = self._naming(rest, words, self._places.find(rest, text, area=lead.area or area))
        reading = self._words.read(words, named)
        return self._witness.see(rest, words, named, reading, self._categories.shares(reading)[0])

    def understand(
        self,
        text: str,
        *,
        area: str | None = None,
        lat: float | None = None,
        lon: float | None = None,
        today: date | None = None,
        category: str | None = None,
    ) -> Understanding:
        """Read any text, in bounded time; `area` is the place that is likely anyway.

        `category` is told by the person, who knows better than any word of the text.
        """
        tokens = tokenise(text)
        lead = self._lead(tokens, text)
        body, rest = _body(text, tokens, lead), tokens[lead.words :]
        known = lead.area or area
        places = self._places.find(rest, text, area=known, lat=lat, lon=lon)
        if not places and lead.area and lead.keyword:
            places = (self._from_keyword(lead.area, lead.keyword, text),)
        command = self._command(text, body, tokens, lead)
        tracking = (command.tracking,) if command and command.tracking else trackings(tokens, text)
        private = private_spans(text, self._tables.people, self._words.normaliser.heard)
        look = self._look(rest, places, category)
        kind = self._kind(look, command, tracking)
        address = self._places.address(rest, text)
        if not _reports(look, kind, f"{address or ''} {places[0].text if places else ''}"):
            places, address = tuple(map(_unsaid, places)), None
        return Understanding(
            kind=kind,
            body=body,
            command=command,
            language=language_of([token.norm for token in rest], self._tables.cues),
            urgent=_urgent(look, kind),
            headline=self._headline(text, rest, look, private),
            normalised=" ".join(look.flat),
            categories=filed(look.categories, kind),
            agencies=filed(self._desks(look, _office_place(places, known)), kind),
            several=look.several and kind in REPORTS,
            places=places,
            address=address,
            when=self._when(text, today) if kind in HAPPENED else None,
            tracking=tracking,
            private=private,
        )

    def _look(
        self, tokens: Sequence[Token], places: Sequence[PlaceCandidate], told: str | None
    ) -> Look:
        words = self._words.normaliser(tokens)
        flat = [word for parts in words for word in parts]
        named = self._naming(tokens, words, places)
        reading = self._words.read(words, named)
        cold, hits = self._categories.shares(reading)
        topical = max(cold.values(), default=0.0)
        matched = min((code for code in cold if cold[code] == topical), default="")
        verdicts: Mapping[str, Verdict] = {}
        if self._model:
            seen, opinions = self._witness.see(tokens, words, named, reading, cold)
            topical, verdicts = seen.topical, self._model.judge(seen, opinions, self._codes)
        topic = verdicts.get("category")
        spoken = _spoken(topic, reading) if topic else frozenset[int]()
        shares: Mapping[str, float] = cold
        if told and self._categories.knows(told):
            shares, verdicts = {told: 1.0}, {KIND: verdicts[KIND]} if KIND in verdicts else {}
            categories = self._categories.rank(shares, hits)
        elif topic:
            shares, categories = topic.shares, self._categories.taught(topic)
        else:
            categories = self._categories.rank(cold, hits)
        spotted = self._tables.cues.spot(flat)
        both = None if told else two_told(hits, reading, tokens, words, spotted)
        if both:
            categories = self._categories.with_both(categories, both, shares, hits)
        return Look(
            words=words,
            flat=flat,
            spotted=spotted,
            reading=reading,
            shares=shares,
            topical=OF_CATEGORY.score(topical),
            telling=spoken or _most_telling(hits, reading, matched),
            categories=categories,
            several=both is not None,
            desk=verdicts.get("agency"),
            kind=verdicts.get(KIND),
        )

    def _desks(self, look: Look, place: str) -> tuple[Candidate, ...]:
        if look.desk:
            return self._agencies.taught(look.desk, look.reading, look.shares, place)
        return self._agencies.rank(look.reading, look.shares, place)

    def _naming(
        self,
        tokens: Sequence[Token],
        words: Sequence[tuple[str, ...]],
        places: Sequence[PlaceCandidate],
    ) -> frozenset[int]:
        """Tokens that name a place, with the `desa` before them, say nothing about the trouble."""
        named = {
            index
            for start, end in {(place.start, place.end) for place in places if place.start >= 0}
            for index, token in enumerate(tokens)
            if start <= token.start < end
        }
        kinds = {at - 1 for at in named if at and words[at - 1][0] in self._tables.areas}
        return frozenset(named | kinds)

    def _command(self, text: str, body: str, tokens: Sequence[Token], lead: Lead) -> Command | None:
        words, typo = self._tables.commands, self._thresholds.command_typo
        command = parse_command(text, words, typo=typo, tokens=tokens)
        if command is None and lead.words:
            return parse_command(body, words, typo=typo)
        return command

    def _kind(self, look: Look, command: Command | None, tracking: Sequence[str]) -> Kind:
        if command:
            return Kind.COMMAND
        likely = look.topical >= LIKELY
        cues = self._tables.cues
        found = kind_of(look.flat, look.spotted, cues, tracking=bool(tracking), likely=likely)
        if look.kind is None:
            return found
        topical = max((candidate.score for candidate in look.categories[:1]), default=0.0)
        return settled(found, look.kind, look.flat, look.spotted, topical=topical)

    def _when(self, text: str, today: date | None) -> tuple[str, str | None] | None:
        return when_of(text[:WHEN_CHARS], today, self._tables.times)

    def _headline(
        self, text: str, tokens: Sequence[Token], look: Look, private: Sequence[Span]
    ) -> str:
        opening = self._tables.opening
        at = [token for token, parts in enumerate(look.words) for _ in parts]
        told = {at[place] for cue in WRONG for place, _ in look.spotted[cue]}
        plain = {place for place in told if len(look.words[place]) == 1}  # `rsud` tells no sakit
        return headline_of(
            text,
            tokens,
            telling=look.telling,
            troubles=sorted(place for place in plain if tokens[place].norm not in opening),
            opening=opening,
            private=private,
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
        name, level = self._places.name(area), self._places.level(area)
        return PlaceCandidate(area, level, name, KEYWORD_SCORE, True, text[start:end], start, end)


def _urgent(look: Look, kind: Kind) -> str | None:
    """Why a message cannot wait; never a wish, a question or an advertisement."""
    found = urgent_in(look.flat, look.spotted) if kind in HAPPENED else None
    if kind is Kind.EMERGENCY and look.kind:
        return found or look.kind.reason
    return found


def _reports(look: Look, kind: Kind, where: str) -> bool:
    """Whether a place in the text may be where the trouble is; not so in news and notices."""
    score = look.categories[0].score if look.categories else 0.0
    told = score >= FAINT or reported_in(look.spotted) or kind in REPORTING
    return told or len(look.flat) - len(where.split()) < BESIDES


def _unsaid(place: PlaceCandidate) -> PlaceCandidate:
    return replace(place, text="", start=-1, end=-1)


def _body(text: str, tokens: Sequence[Token], lead: Lead) -> str:
    if not lead.words:
        return text.strip()
    if lead.words == len(tokens):
        return ""
    return text[tokens[lead.words].start :].strip()


def _most_telling(hits: Sequence[Hit], reading: Reading, code: str) -> frozenset[int]:
    """The tokens of the phrase that speaks most for a category."""
    speaking = [hit for hit in hits if hit.phrase.target == code]
    if not speaking:
        return frozenset()
    best = max(speaking, key=lambda hit: hit.phrase.weight * hit.share * len(hit.positions))
    return frozenset(reading.tokens[place] for place in best.positions)


def _spoken(verdict: Verdict, reading: Reading) -> frozenset[int]:
    """The tokens of the roots that spoke most for what was learnt."""
    return frozenset(
        reading.tokens[place]
        for root in verdict.roots[:1]
        for part in root.split()
        for place in reading.where.get(part, ())[:1]
    )


def _office_place(places: Sequence[PlaceCandidate], area: str | None) -> str:
    """The place whose offices are meant: a sure one in the text, else the area that is likely."""
    return next((place.code for place in places if place.sure), area or "")
