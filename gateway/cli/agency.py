"""`lapor agency`: the agencies and units of this deployment, and what they have open."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import click

from bots.reader import Reader
from gateway.cli import imports
from gateway.cli.opening import opened
from gateway.cli.options import as_json as json_option
from gateway.cli.rows import print_fields, print_json, print_table, printable
from gateway.runtime import Runtime
from parsers.catalogue import Catalogue
from store import areas
from store.agencies import agency_import
from store.agencies.directory import LOCAL, Directory
from store.agencies.officers import listed
from store.agencies.scope import Load, Scope, loads
from store.casework.deadlines import local_day
from store.catalogue import CatalogueError
from store.gazetteer import default_gazetteer, regions
from store.learning.examples import FILE as EXAMPLES
from store.learning.examples import read_examples
from store.learning.model_files import load_deployment

COLUMNS = ("code", "name", "level", "area", "connected", "open", "late")


@click.group()
def agency() -> None:
    """Agencies, their units, and how much each has open.

    \b
    Examples:
      lapor agency import units.csv --dry-run
      lapor agency list --under PEMKAB_3204
      lapor agency show DINAS_PUPR@32.04
      lapor agency check kota/
    """


@agency.command("import", epilog="\b\nExample:\n  lapor agency import units.csv --dry-run")
@imports.file_argument
@imports.dry_run
@json_option
def import_(*, path: Path, dry_run: bool, as_json: bool) -> None:
    """Take agencies and units from FILE: code,name,level,parent,area,connected.

    All of FILE or nothing. Agencies that FILE leaves out stay as they are, a column that it leaves
    out keeps what was imported before. The code is what complaints know, so a name may change.

    \b
    Example:
      lapor agency import units.csv
    """
    with opened() as rt:
        with rt.reading() as session:
            directory = Directory.load(session, rt.reader.catalogue)
        plan = agency_import.plan(path, directory, rt.reader.gazetteer.codes)
        imports.refuse(plan.mistakes)
        change = imports.carry_out(
            rt,
            "agency",
            lambda session: agency_import.store(session, plan.units, rt.now()),
            dry_run=dry_run,
        )
    imports.say(change, dry_run=dry_run, as_json=as_json)


@agency.command("list", epilog="\b\nExample:\n  lapor agency list --under PEMKAB_3204")
@click.option("--under", default="", metavar="CODE", help="Only this agency and those below it.")
@click.option("--all", "everyone", is_flag=True, help="The whole catalogue, without a case too.")
@json_option
def list_(*, under: str, everyone: bool, as_json: bool) -> None:
    """The tree of agencies: those imported, those with an open case, and who stands above them.

    OPEN counts the complaints that an agency has yet to answer, LATE those past their deadline.

    \b
    Example:
      lapor agency list --under PEMPROV_32
    """
    with opened() as rt:
        view = _view(rt)
        _must_be_known(view, under)
        lines = [view.line(code, depth) for code, depth in _tree(view, under, everyone=everyone)]
    if as_json:
        for line in lines:
            print_json(line)
    else:
        print_table(COLUMNS, [_cells(line) for line in lines])


@agency.command(epilog="\b\nExample:\n  lapor agency show DINAS_PUPR@32.04")
@click.argument("code")
@json_option
def show(*, code: str, as_json: bool) -> None:
    """One agency: who stands above and below it, its officers, what it has open."""
    with opened() as rt:
        view = _view(rt)
        _must_be_known(view, code)
        with rt.reading() as session:
            officers = [row.login for row in listed(session, code) if row.active]
        below = Scope.within(view.directory, code)
        within = sum((at for unit, at in view.loads.items() if below.reaches(unit)), Load())
    facts = view.line(code, 0) | {
        "above": _way_up(view.directory, code),
        "below": [unit for unit, _ in _tree(view, code, everyone=True)][1:],
        "open with those below": within.open,
        "late with those below": within.late,
        "officers": officers,
    }
    if as_json:
        print_json(facts)
    else:
        del facts["depth"]
        print_fields(facts, rt.settings.zone)


@agency.command(epilog="\b\nExample:\n  lapor agency check kota/")
@click.argument("directory", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(*, directory: Path) -> None:
    """Say what is wrong with a catalogue directory, and what may not be read as it was meant.

    It has categories.csv and agencies.csv and, where wanted, rules.csv and areas.csv.
    """
    try:
        deployment = load_deployment(directory)
    except CatalogueError as error:
        lines = str(error).splitlines()
        for line in lines:
            click.echo(printable(line), err=True)
        raise click.ClickException(f"{len(lines)} to correct in {directory}.") from error
    catalogue = deployment.catalogue
    click.echo(
        f"{len(catalogue.topics)} topics, {len(catalogue.agencies)} agencies, "
        f"{len(catalogue.rules)} rules, {len(catalogue.areas)} names of places: "
        "the catalogue can be used."
    )
    for warning in _doubts(directory, catalogue):
        click.echo(printable(f"Warning: {warning}"), err=True)
    if deployment.refused:
        click.echo(f"What was learnt beside it is not used: {deployment.refused}", err=True)


def _doubts(directory: Path, catalogue: Catalogue) -> Iterator[str]:
    """Names of places that may be read otherwise, and examples that teach nothing."""
    if catalogue.areas:
        gazetteer = default_gazetteer(areas=catalogue.areas)
        found = areas.read_areas(directory / areas.FILE, regions())
        yield from map(str, areas.doubts(found, gazetteer))
    if (directory / EXAMPLES).exists():
        yield from read_examples(directory / EXAMPLES, catalogue).problems


@dataclass(frozen=True)
class View:
    """The agencies and what they have open, as they were at one moment."""

    directory: Directory
    reader: Reader
    loads: Mapping[str, Load]

    def line(self, code: str, depth: int) -> dict[str, object]:
        unit = self.directory.units.get(code)
        known = self.directory.catalogue.agencies.get(code.partition("@")[0])
        place = code.partition("@")[2].partition("/")[0]
        load = self.loads.get(code, Load())
        return {
            "code": code,
            "depth": depth,
            "name": self.directory.name(code) or self.reader.agency_name(code),
            "level": (unit and unit.level) or (known.level if known else ""),
            "parent": self.directory.parents.get(code) or self.directory.parent_of(code),
            "area": (unit and unit.area) or place or (known.area if known else ""),
            "connected": unit.connected if unit else None,
            "imported": unit is not None,
            "open": load.open,
            "late": load.late,
        }


def _view(rt: Runtime) -> View:
    with rt.reading() as session:
        directory = Directory.load(session, rt.reader.catalogue)
        found = loads(session, local_day(rt.now(), rt.settings.zone))
    names = {unit.code: unit.name for unit in directory.units.values()}
    return View(directory, rt.reader.named(names), found)


def _must_be_known(view: View, code: str) -> None:
    areas = view.reader.gazetteer.codes
    if not code or code in view.loads or view.directory.known(code, areas):
        return
    raise click.ClickException(f"{code} is not an agency.{view.directory.hint(code, areas)}")


def _way_up(directory: Directory, code: str) -> list[str]:
    """Above a government stands its province, although it is national that is told."""
    way: list[str] = []
    while (code := directory.parents.get(code) or directory.parent_of(code)) and code not in way:
        way.append(code)
    return way


def _tree(view: View, under: str, *, everyone: bool) -> Iterator[tuple[str, int]]:
    """Codes with their depth, each below the one above it."""
    directory = view.directory
    shown = {*directory.units, *view.loads, *([under] if under else [])}
    if everyone:
        named = directory.catalogue.agencies.values()
        shown |= {each.code for each in named if each.level not in LOCAL or each.area}
    below: defaultdict[str, set[str]] = defaultdict(set)
    for code in list(shown):
        for lower, upper in pairwise([code, *_way_up(directory, code), ""]):
            below[upper].add(lower)
    waiting = [(under, 0)] if under else [(code, 0) for code in sorted(below[""], reverse=True)]
    while waiting:
        code, depth = waiting.pop()
        yield code, depth
        waiting += [(lower, depth + 1) for lower in sorted(below[code], reverse=True)]


def _cells(line: Mapping[str, object]) -> list[str]:
    words = [str(line[name] or "") for name in COLUMNS]
    words[0] = "  " * int(str(line["depth"])) + words[0]
    connected = {"True": "yes", "False": "no", "None": ""}[str(line["connected"])]
    words[COLUMNS.index("connected")] = connected
    return words
