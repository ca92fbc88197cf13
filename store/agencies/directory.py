"""All agencies of a deployment: those of its catalogue, those of its table, offices at a place."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple, Self

from sqlalchemy import select
from sqlmodel import Session, col

from parsers.catalogue import Catalogue
from parsers.near import near
from store.agency_models import AgencyRow

PROVINCE, KABKOTA = 2, 5  # characters of a Kemendagri code: 32, 32.04
GOVERNMENT = "pemda"  # how the level of a local government begins
LOCAL = frozenset({"provinsi", "kabkota", "kecamatan", "kelurahan_desa"})  # one stands in each


class Unit(NamedTuple):
    """What an import says of an agency."""

    code: str
    name: str
    level: str = ""
    parent: str = ""
    area: str = ""
    connected: bool = True


def imported_names(session: Session) -> dict[str, str]:
    """What people call the agencies of the table, by code."""
    rows = session.connection().execute(select(col(AgencyRow.code), col(AgencyRow.name)))
    return {row.code: row.name for row in rows}


@dataclass(frozen=True)
class Directory:
    """Who exists and who stands above whom."""

    catalogue: Catalogue
    units: Mapping[str, Unit] = field(default_factory=dict)  # of the table, by code

    @classmethod
    def load(cls, session: Session, catalogue: Catalogue) -> Self:
        columns = (col(getattr(AgencyRow, name)) for name in Unit._fields)
        rows = session.connection().execute(select(*columns))
        return cls.of(catalogue, (Unit(*values) for values in rows))

    @classmethod
    def of(cls, catalogue: Catalogue, units: Iterable[Unit]) -> Self:
        return cls(catalogue, {unit.code: unit for unit in units})

    @cached_property
    def governments(self) -> Mapping[str, str]:
        """The area of each local government by its code; the catalogue knows best."""
        imported = {
            unit.code: unit.area
            for unit in self.units.values()
            if unit.area and unit.level.startswith(GOVERNMENT)
        }
        return imported | {each.code: area for area, each in self.catalogue.governments.items()}

    @cached_property
    def seats(self) -> Mapping[str, str]:
        """The code of the government of each area."""
        return {area: code for code, area in self.governments.items()}

    @cached_property
    def parents(self) -> Mapping[str, str]:
        """What is written of who stands above whom; an office at a place has its government."""
        written = {each.code: each.parent for each in self.catalogue.agencies.values()}
        written |= {unit.code: unit.parent for unit in self.units.values() if unit.parent}
        return {code: parent for code, parent in written.items() if parent}

    def parent_of(self, code: str) -> str:
        """Who is told when `code` does not act: unit, coordinator, then "" for national."""
        if code in self.governments:
            return ""
        if code in self.parents:
            return self.parents[code]
        head, slash, _ = code.rpartition("/")
        if slash:
            return head
        area = code.partition("@")[2].split(".")
        return self.seats.get(".".join(area[:2]), "")

    def known(self, code: str, areas: Collection[str]) -> bool:
        """Whether a case may go to it; a type of local office needs one of the `areas`."""
        if code in self.units:
            return True
        kind, at, area = code.partition("@")
        agency = self.catalogue.agencies.get(kind)
        if agency is None:
            return False
        local = agency.level in LOCAL and not agency.area
        return (local and area in areas) if at else not local

    def name(self, code: str) -> str | None:
        """As it was imported, else of the catalogue; None for an office at a place."""
        if code in self.units:
            return self.units[code].name
        agency = self.catalogue.agencies.get(code)
        return agency.name if agency else None

    def suggest(self, written: str) -> list[str]:
        """Up to three codes whose code or name is nearly that; an office keeps its place."""
        kind, at, area = written.partition("@")
        names = near(_plain(kind), self._names.keys())
        return list(dict.fromkeys(f"{self._names[name]}{at}{area}" for name in names))

    def hint(self, written: str, areas: Collection[str]) -> str:
        """` Is it KEMENSOS?` after a code that is not known, or nothing."""
        meant = [code for code in self.suggest(written) if self.known(code, areas)]
        return f" Is it {' or '.join(meant)}?" if meant else ""

    @cached_property
    def _names(self) -> Mapping[str, str]:
        """Codes by how they and their names are written, the codes themselves first."""
        agencies = [(each.code, each.name) for each in self.catalogue.agencies.values()]
        agencies += [(unit.code, unit.name) for unit in self.units.values()]
        named = {_plain(name): code for code, name in agencies}
        return named | {_plain(code): code for code, _ in agencies}


def _plain(text: str) -> str:
    return " ".join(text.replace("_", " ").split()).casefold()
