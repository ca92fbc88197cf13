"""Which desk a report goes to, and what is missing before it can: a pure decision."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from parsers.places.words import level_of
from parsers.understanding import Candidate, Kind, PlaceCandidate, Understanding
from store.models import Privacy

KABKOTA_CODE = 5  # "32.73": a kabupaten or kota is the least that a local office needs
DUTIES = {  # class of a routing topic -> deadline (DOMAIN section 1: 5, 14, 60 days)
    "informasi_keluhan": "information",
    "pengaduan_tanpa_lapangan": "complaint",
    "pengaduan_lapangan": "inspection",
    "covid_khusus": "verify",
}


class Missing(StrEnum):
    NOTHING = "nothing"
    PLACE = "place"
    DESK = "desk"  # a person decides


@dataclass(frozen=True, slots=True)
class Route:
    """A sure desk, or what stands in the way of one."""

    category: str | None
    agency: str | None
    place: PlaceCandidate | None
    missing: Missing


def decide(seen: Understanding, *, local: bool) -> Route:
    """A guess is never presented as a fact: without a sure agency a person decides.

    `local` says that the likely desk is an office that every kabupaten and kota has. Such a desk
    needs a place that this message names: where the person last was is only a hint.
    """
    category = seen.category.code if seen.category and seen.category.sure else None
    place = seen.settled
    agency = seen.agency
    if agency and agency.sure and (not local or _covers(agency.code, place)):
        return Route(category, agency.code, place, Missing.NOTHING)
    if not placed(place) and (local or seen.category is None):
        return Route(category, None, place, Missing.PLACE)
    return Route(category, None, place, Missing.DESK)


def wished(seen: Understanding, agency: str, name: str) -> Understanding:
    """The same with the agency that the reporter named when asked: that is sure."""
    named = any(item.named for item in seen.agencies if item.code == agency)
    told = Candidate(agency, name, 100.0, sure=True, reason="dipilih oleh pelapor", named=named)
    others = tuple(item for item in seen.agencies if item.code != agency)
    return replace(seen, agencies=(told, *others))


def told_at(seen: Understanding, code: str | None, name: Callable[[str], str]) -> Understanding:
    """The same at the place that the reporter told in another message, if these words have none."""
    if code is None or seen.settled:
        return seen
    told = PlaceCandidate(code, level_of(code), name(code), 100.0, sure=True)
    return replace(seen, places=(told, *seen.places))


def secret_from_accused(route: Route, seen: Understanding, privacy: Privacy) -> Route:
    """A confidential report never goes by itself to an office that its own words name.

    That office may be the accused one (DOMAIN section 2), so a person decides.
    """
    named = seen.agency is not None and seen.agency.named
    if privacy is Privacy.CONFIDENTIAL and route.agency and named:
        return replace(route, agency=None, missing=Missing.DESK)
    return route


def _covers(agency: str, place: PlaceCandidate | None) -> bool:
    """Whether a local office, `TYPE@AREA`, is the one of this place."""
    _, _, area = agency.partition("@")
    return bool(area) and place is not None and place.code.startswith(area)


def placed(place: PlaceCandidate | None) -> bool:
    return place is not None and len(place.code) >= KABKOTA_CODE


def duty(kind: Kind, default_class: str) -> str:
    """Which deadline of the settings a report has."""
    if kind in (Kind.INFORMATION_REQUEST, Kind.ASPIRATION):
        return "information"
    return DUTIES.get(default_class, "complaint")
