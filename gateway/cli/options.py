"""What operators' commands understand on the command line: ages, rows, filters."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce, wraps

import click

from gateway.cli.selection import Chosen, Scope
from store.operating import Table

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"([0-9]{1,5})([smhdw])")
REF = re.compile(r"(?:(in|out|q)-)?([0-9]{1,18})")


class Age(click.ParamType[timedelta, str]):
    name = "age"

    def convert(
        self, value: str, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        found = AGE.fullmatch(value)
        if not found:
            self.fail(f"{value!r} is no age: write 90s, 30m, 2h, 1d or 1w.", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@dataclass(frozen=True, slots=True)
class Ref:
    """A row as it was named: 12, or with its table in-12."""

    table: Table | None
    id: int


class RefParam(click.ParamType[Ref, str]):
    name = "row"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> Ref:
        found = REF.fullmatch(value)
        if not found:
            self.fail(f"{value!r} names no row: write 12, in-12 or out-12.", param, ctx)
        return Ref(Table(found[1]) if found[1] else None, int(found[2]))


def place(scope: Scope, ref: Ref) -> tuple[Table, int]:
    """The table of a named row; a usage error if it is not one of the scope or not said."""
    if ref.table is None and len(scope.statuses) == 1:
        return next(iter(scope.statuses)), ref.id
    for table in scope.statuses:
        if ref.table is table:
            return table, ref.id
    names = " or ".join(f"{table}-{ref.id}" for table in scope.statuses)
    raise click.UsageError(f"lapor {scope.name} knows rows as {names}.")


class Exemplary(click.Command):
    """A command shared by several groups, whose examples name the group that was asked."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        if self.epilog and isinstance(ctx.obj, Scope):
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    example = line.format(group=ctx.obj.name, row=ctx.obj.example)
                    formatter.write(f"{'':{formatter.current_indent}}{example}\n")


as_json = click.option("--json", "as_json", is_flag=True, help="For programs.")
_FILTERS = (
    click.option("--status", multiple=True, metavar="STATUS", help="Only these; may be repeated."),
    click.option("--channel", multiple=True, metavar="NAME", help="sms, whatsapp, ..."),
    click.option("--older-than", type=Age(), metavar="AGE", help="90s, 30m, 2h, 1d, 1w."),
    click.option("--newer-than", type=Age(), metavar="AGE", help="The same."),
    click.option("--error", default="", metavar="TEXT", help="A part of the error."),
)


def filtered(command: Callable[..., None]) -> Callable[..., None]:
    """Add the filter options; the command gets them together as `chosen`."""

    @wraps(command)
    def packed(
        *,
        status: tuple[str, ...],
        channel: tuple[str, ...],
        older_than: timedelta | None,
        newer_than: timedelta | None,
        error: str,
        **others: object,
    ) -> None:
        chosen = Chosen(
            status=status,
            channel=channel,
            older_than=older_than,
            newer_than=newer_than,
            error=error,
        )
        command(chosen=chosen, **others)

    return reduce(lambda inner, option: option(inner), reversed(_FILTERS), packed)
