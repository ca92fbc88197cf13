"""The codes of topics, agencies and areas; any key may read them."""

from collections.abc import Iterable
from heapq import nsmallest

from flask import Response

from gateway.api import answers, paging, wire
from gateway.api import wire_office as office
from gateway.api.contract import operation, part
from gateway.runtime import from_app
from parsers.catalogue import Category
from store.agencies.directory import LOCAL, Directory

bp = part("catalogue", "The codes that complaints and moves speak of.")


@operation(bp, "get", "/catalogue/categories", {200: office.Categories})
def list_categories() -> Response:
    """List the topics of complaints."""
    rt = from_app()
    secret = rt.policy.secret
    topics = rt.reader.catalogue.categories.values()
    return answers.read(office.Categories(items=[_category(each, secret) for each in topics]))


def _category(category: Category, secret: frozenset[str]) -> office.Category:
    parent = category.parent
    return office.Category(
        code=category.code,
        name=category.name,
        parent=wire.Named(code=parent[0], name=parent[1]) if parent else None,
        kind=category.default_class,
        confidential=category.code in secret,
    )


@operation(bp, "get", "/catalogue/agencies", {200: office.Agencies})
def list_agencies(query: office.NamesQuery) -> Response:
    """List agencies, their units, and the types of local offices, by code."""
    rt = from_app()
    with rt.reading() as session:
        directory = Directory.load(session, rt.reader.catalogue)
    codes = {*directory.catalogue.agencies, *directory.units}
    kept, following = _page(codes, query)
    items = [_agency(directory, code) for code in kept]
    return answers.read(office.Agencies(items=items, next=following), next_page=following)


def _agency(directory: Directory, code: str) -> office.Agency:
    agency, unit = directory.catalogue.agencies.get(code), directory.units.get(code)
    level = (unit.level if unit else "") or (agency.level if agency else "")
    area = (agency.area if agency else "") or (unit.area if unit else "")
    return office.Agency(
        code=code,
        name=directory.name(code) or code,
        level=level,
        parent=directory.parent_of(code) or None,
        area=area or None,
        local=agency is not None and agency.level in LOCAL and not agency.area,
    )


@operation(bp, "get", "/catalogue/areas", {200: office.Areas})
def list_areas(query: office.AreasQuery) -> Response:
    """List provinces, kabupaten and kota, kecamatan, desa and kelurahan, by code."""
    gazetteer = from_app().reader.gazetteer
    codes: Iterable[str] = gazetteer.codes
    if query.parent:
        codes = (code for code in codes if code.rpartition(".")[0] == query.parent)
    if query.level:
        codes = (code for code in codes if gazetteer.level(code) == query.level)
    kept, following = _page(codes, query)
    items = [
        office.Area(code=code, name=gazetteer.name(code), level=gazetteer.level(code))
        for code in kept
    ]
    return answers.read(office.Areas(items=items, next=following), next_page=following)


def _page(codes: Iterable[str], query: office.NamesQuery) -> tuple[list[str], str | None]:
    beyond, size = paging.name_of(query.cursor), query.limit
    rest = nsmallest(size + 1, (code for code in codes if code > beyond))
    kept, following = paging.split(rest, size, paging.of_name)
    return list(kept), following
