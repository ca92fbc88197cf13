"""The categories and agencies of a deployment, and who handles what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """A topic that a complaint may have; the texts of all fields are as people write them."""

    code: str
    name: str
    parent: tuple[str, str] | None = None  # (code, name)
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()  # each tells the category
    hints: tuple[str, ...] = ()  # support the category, never decide alone
    handles: tuple[str, ...] = ()  # agency codes, the usual one first
    seldom: tuple[str, ...] = ()  # those of `handles` that act only when the text says so
    levels: tuple[str, ...] = ()
    default_class: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agency:
    """A body or a type of local office."""

    code: str
    name: str
    aliases: tuple[str, ...] = ()
    keywords: tuple[str, ...] = ()
    level: str = (
        ""  # provinsi, kabkota, kecamatan, kelurahan_desa: one stands in each; else national
    )
    handles: tuple[str, ...] = ()  # category codes
    area: str = ""  # Kemendagri code, of an office that exists once
    parent: str = ""
    successor: tuple[str, ...] = ()  # who took over its work


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Competence: within a category, these words lead to this agency."""

    category: str
    words: tuple[str, ...]
    agency: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A further name of a region: a nickname, an old name, an estate, a market or a dusun in it."""

    code: str  # of Kemendagri, from province to desa
    alias: str
    keyword: bool = False  # counts only as the first word of a message


class Catalogue:
    """All categories, agencies and rules by code, and names of places of its own."""

    def __init__(
        self,
        categories: Iterable[Category],
        agencies: Iterable[Agency],
        rules: Iterable[Rule] = (),
        areas: Iterable[Area] = (),
    ) -> None:
        self.categories = {category.code: category for category in categories}
        self.agencies = {agency.code: agency for agency in agencies}
        self.rules = tuple(rules)
        self.areas = tuple(areas)
        parents = {
            category.parent[0]
            for category in self.categories.values()
            if category.parent and category.parent[0] != category.code
        }
        self.topics = tuple(c for code, c in self.categories.items() if code not in parents)
        self.governments = {
            agency.area: agency
            for agency in self.agencies.values()
            if agency.area and agency.level.startswith("pemda_")
        }

    def says_as(self, other: "Catalogue") -> bool:
        """Whether both have the same words, whatever names of places they have."""
        mine = (self.categories, self.agencies, self.rules)
        return mine == (other.categories, other.agencies, other.rules)

    def current(self, code: str) -> tuple[str, ...]:
        """The agency itself, or those that took over its work."""
        return self.agencies[code].successor or (code,)

    def texts(self) -> Iterator[str]:
        """Everything written in it that a message may say as well."""
        for topic in self.topics:
            yield from (topic.name, *topic.aliases, *topic.keywords, *topic.hints)
        for agency in self.agencies.values():
            yield from (agency.name, *agency.aliases, *agency.keywords)
        for rule in self.rules:
            yield from rule.words
