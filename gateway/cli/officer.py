"""`lapor officer`: the people who act for agencies."""

from pathlib import Path

import click

from bots.language import languages
from gateway.cli import imports
from gateway.cli.opening import opened
from gateway.cli.options import as_json as json_option
from gateway.cli.rows import print_json, print_table
from store.agencies import officers
from store.agencies.directory import Directory

COLUMNS = ("login", "name", "agency", "role", "told by", "digest", "language", "active")


@click.group()
def officer() -> None:
    """Officers: who they act for, what they may do, how they want to be told.

    \b
    Examples:
      lapor officer import officers.csv --dry-run
      lapor officer list --agency PEMKAB_3204
    """


@officer.command("import", epilog="\b\nExample:\n  lapor officer import officers.csv --dry-run")
@imports.file_argument
@click.option("--replace", "replace_all", is_flag=True, help="Officers not in FILE act no more.")
@imports.dry_run
@json_option
def import_(*, path: Path, replace_all: bool, dry_run: bool, as_json: bool) -> None:
    """Take officers from FILE; its columns, of which the first three are needed, are
    login,name,role,agency,email,telegram,channels,digest,language,active.

    All of FILE or nothing. A role is national, coordinator, liaison or monitor; channels are email
    and telegram, separated by a blank or |. Officers that FILE leaves out stay as they are.

    \b
    Example:
      lapor officer import officers.csv --dry-run
    """
    with opened() as rt:
        gazetteer, catalogue = rt.reader.gazetteer, rt.reader.catalogue
        with rt.reading() as session:
            directory = Directory.load(session, catalogue)
            present = officers.people(session)
        known = officers.Known(directory, gazetteer.codes, languages())
        plan = officers.plan(path, present, known)
        imports.refuse(plan.mistakes)
        change = imports.carry_out(
            rt,
            "officer",
            lambda session: officers.store(session, plan.people, rt.now(), replace_all=replace_all),
            dry_run=dry_run,
        )
    imports.say(change, dry_run=dry_run, as_json=as_json)


@officer.command("list", epilog="\b\nExample:\n  lapor officer list --agency PEMKAB_3204")
@click.option("--agency", default=None, metavar="CODE", help="Only those of this agency.")
@json_option
def list_(*, agency: str | None, as_json: bool) -> None:
    """Officers and what they are for; addresses are not shown."""
    with opened() as rt, rt.reading() as session:
        rows = officers.listed(session, agency)
    lines = [
        {
            "login": row.login,
            "name": row.name,
            "agency": row.agency,
            "role": row.role,
            "told by": row.channels,
            "digest": row.digest,
            "language": row.language,
            "active": row.active,
        }
        for row in rows
    ]
    if as_json:
        for line in lines:
            print_json(line)
    else:
        print_table(COLUMNS, [[_cell(line[name]) for name in COLUMNS] for line in lines])


def _cell(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(value)
    return str(value)
