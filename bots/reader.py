"""The reader of a deployment: an understander with the names of what it finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from typing import Self

from parsers.catalogue import Agency, Catalogue
from parsers.places.gazetteer import Gazetteer
from parsers.understand import Understander
from parsers.understanding import Understanding

SHORT = 24  # characters; a longer official name gives way to its usual short form in a reply
LOCAL_LEVELS = ("provinsi", "kabkota", "kecamatan", "kelurahan_desa")


@dataclass(frozen=True)
class Reader:
    """Understands with one catalogue and gazetteer, and names their codes for people.

    The understander, large and slow to make, comes to life when a first text is read.
    """

    build: Callable[[], Understander]
    catalogue: Catalogue
    gazetteer: Gazetteer
    names: Mapping[str, str] = field(default_factory=dict)  # of imported agencies, by code

    @cached_property
    def understander(self) -> Understander:
        return self.build()

    def named(self, names: Mapping[str, str]) -> Self:
        """The same reader, not read anew, with the names that agencies have now."""
        return replace(self, build=lambda: self.understander, names=names)

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
        """`category` is what the reporter said that it is about."""
        return self.understander.understand(
            text, area=area, lat=lat, lon=lon, today=today, category=category
        )

    def category_name(self, code: str) -> str:
        """The code itself for a category that the catalogue no longer has."""
        category = self.catalogue.categories.get(code)
        return category.name if category else code

    def agency_name(self, code: str) -> str:
        """`Dinas PU Kota Bandung` for DINAS_PUPR@32.73; the code itself if nobody named it."""
        if code in self.names:
            return self.names[code]
        kind, _, area = code.partition("@")
        agency = self.catalogue.agencies.get(kind)
        if agency is None or (area and area not in self.gazetteer.codes):
            return code
        name = _short(agency)
        return f"{name} {self.gazetteer.name(area)}" if area else name

    def place_name(self, code: str) -> str:
        return self.gazetteer.full_name(code)

    def default_class(self, category: str) -> str:
        found = self.catalogue.categories.get(category)
        return found.default_class if found else ""

    def local(self, seen: Understanding) -> bool:
        """Whether the likely desk is an office of which every kabupaten and kota has one."""
        if seen.agency:
            likely = seen.agency.code.partition("@")[0]
        elif seen.category and seen.category.code in self.catalogue.categories:
            likely = next(iter(self.catalogue.categories[seen.category.code].handles), "")
        else:
            return False
        agency = self.catalogue.agencies.get(likely)
        return agency is not None and agency.level in LOCAL_LEVELS


def _short(agency: Agency) -> str:
    if len(agency.name) <= SHORT or not agency.aliases:
        return agency.name
    return agency.aliases[0]
