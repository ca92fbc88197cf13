"""Agencies and their units from a CSV file: all of it, or nothing and a list of mistakes."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlmodel import Session, select

from store.agencies import sheets
from store.agencies.directory import GOVERNMENT, KABKOTA, PROVINCE, Directory, Unit
from store.agencies.sheets import Mistake, Row, shown
from store.agency_models import AgencyRow

COLUMNS = ("code", "name", "level", "parent", "area", "connected")
CODE = re.compile(r"[A-Z0-9]+(_[A-Z0-9]+)*(@\d\d(\.\d\d(\.\d\d(\.\d{4})?)?)?)?(/[A-Z0-9_]+)*")
LONGEST_CODE = 80
LEVELS = (
    "kementerian",
    "lembaga",
    "bumn",
    "pemda",
    "pemda_provinsi",
    "pemda_kabupaten",
    "pemda_kota",
    "perguruan_tinggi",
    "perwakilan",  # of Indonesia abroad
    "unit",
)


@dataclass(frozen=True, slots=True)
class Change:
    """What an import did, or would do."""

    added: int = 0
    changed: int = 0
    same: int = 0
    ended: int = 0  # officers who were not in the file


@dataclass(frozen=True, slots=True)
class Plan:
    """The units of a file; to be stored only if there are no mistakes."""

    units: tuple[Unit, ...]
    mistakes: tuple[Mistake, ...]


def plan(path: Path, directory: Directory, areas: Collection[str]) -> Plan:
    """`areas` are the Kemendagri codes that exist. What the file leaves out stays as it is."""
    sheet = sheets.read(path, COLUMNS, needed=("code", "name"))
    lines: dict[str, Row] = {}
    for row in sheet.rows:
        _check_code(row, directory, areas, lines)
    units = {code: _unit(row, directory) for code, row in lines.items()}
    later = Directory.of(directory.catalogue, {**directory.units, **units}.values())
    for code, unit in units.items():
        _check(lines[code], unit, later, areas)
    _check_circles(lines, later)
    return Plan(tuple(units.values()), tuple(sorted(sheet.mistakes, key=lambda each: each.line)))


def store(session: Session, units: Collection[Unit], now: datetime) -> Change:
    """Rows keep their code, by which complaints know them, whatever their name becomes."""
    rows = {row.code: row for row in session.exec(select(AgencyRow))}
    added = changed = 0
    for unit in units:
        row = rows.get(unit.code)
        if row is None:
            session.add(AgencyRow(**unit._asdict(), updated_at=now))
            added += 1
        elif (new := unit._asdict()) != {name: getattr(row, name) for name in new}:
            row.sqlmodel_update({**new, "updated_at": now})
            changed += 1
    return Change(added, changed, len(units) - added - changed)


def _check_code(
    row: Row, directory: Directory, areas: Collection[str], lines: dict[str, Row]
) -> None:
    """Rows with a code that can be used go into `lines`."""
    code = row.text("code")
    if not code or not CODE.fullmatch(code) or len(code) > LONGEST_CODE:
        row.wrong("code", f"{shown(code)} is no code of A-Z, 0-9 and _, such as DINAS_PUPR@32.04.")
    elif code in lines:
        row.wrong("code", f"{code} is already on line {lines[code].line}.")
    elif "@" in code and not directory.known(code.partition("/")[0], areas):
        row.wrong("code", f"{code} is no office type of the catalogue at an existing area.")
    else:
        lines[code] = row
    if not row.text("name"):
        row.wrong("name", "must not be empty.")


def _unit(row: Row, directory: Directory) -> Unit:
    """A column that the file has not keeps what was imported before."""
    code = row.text("code")
    old = directory.units.get(code) or Unit(code, row.text("name"))
    return Unit(
        code=code,
        name=row.text("name"),
        level=row.get("level", old.level),
        parent=row.get("parent", old.parent) or code.rpartition("/")[0],
        area=row.get("area", old.area),
        connected=row.flag("connected", default=True) if row.has("connected") else old.connected,
    )


def _check(row: Row, unit: Unit, later: Directory, areas: Collection[str]) -> None:
    if unit.level and unit.level not in LEVELS:
        row.wrong("level", f"{shown(unit.level)} is not one of {', '.join(LEVELS)}.")
    if unit.area and unit.area not in areas:
        row.wrong("area", f"{shown(unit.area)} is no Kemendagri code such as 32.04.")
    elif unit.level.startswith(GOVERNMENT):
        _check_government(row, unit, later)
    if unit.parent:
        _check_parent(row, unit, later, areas)


def _check_government(row: Row, unit: Unit, later: Directory) -> None:
    known = later.catalogue.agencies.get(unit.code)
    official = known.area if known else ""
    area = unit.area or official
    if official and area != official:
        row.wrong("area", f"of {unit.code} is {official}: the catalogue says so.")
    elif official:
        return
    elif len(area) not in (PROVINCE, KABKOTA):
        row.wrong("area", "of a local government is its province, kabupaten or kota.")
    elif len(of_area := [c for c, at in later.governments.items() if at == area]) > 1:
        others = ", ".join(sorted(set(of_area) - {unit.code}))
        row.wrong("area", f"{area} has a government already: {others}.")


def _check_parent(row: Row, unit: Unit, later: Directory, areas: Collection[str]) -> None:
    known = later.catalogue.agencies.get(unit.code)
    if unit.parent == unit.code:
        row.wrong("parent", "is the agency itself.")
    elif not later.known(unit.parent, areas):
        hint = later.hint(unit.parent, areas)
        row.wrong("parent", f"{shown(unit.parent)} is not an agency.{hint}")
    elif "/" in unit.code and unit.parent != (head := unit.code.rpartition("/")[0]):
        row.wrong("parent", f"of {unit.code} is {head}: its code says so.")
    elif known and known.parent not in ("", unit.parent):
        row.wrong("parent", f"of {unit.code} is {known.parent}: the catalogue says so.")


def _check_circles(lines: Mapping[str, Row], later: Directory) -> None:
    """Each circle is told once, at its first line in the file."""
    told: set[str] = set()
    for code, row in lines.items():
        way = _circle(code, later.parents)
        if way and not told.intersection(way):
            row.wrong("parent", f"goes round in a circle: {' -> '.join([*way, code])}.")
            told.update(way)


def _circle(code: str, parents: Mapping[str, str]) -> list[str]:
    """The way up that leads back to `code`; empty if it ends, or turns elsewhere."""
    way, above = [code], parents.get(code, "")
    while above and above not in way:
        way.append(above)
        above = parents.get(above, "")
    return way if above == code and len(way) > 1 else []
