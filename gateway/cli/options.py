"""What operators' commands understand on the command line: ages, rows, filters."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from typing import ParamSpec, TypeVar

import click

from store.operating import STATUSES, Filter, Table

P = ParamSpec("P")
R = TypeVar("R")
UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"([0-9]{1,6})([smhdw])")
REF = re.compile(r"(?:(in|out|q)-)?([0-9]{1,18})")


class Age(click.ParamType[timedelta]):
    name = "age"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> timedelta:
        if isinstance(value, timedelta):
            return value
        found = AGE.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} is no age: write 90s, 30m, 2h, 1d or 1w.", param, ctx)
        return timedelta(**{UNITS[found[2]]: int(found[1])})


@dataclass(frozen=True, slots=True)
class Ref:
    """A row as it was named: 12, or with its table in-12."""

    table: Table | None
    id: int


class RefParam(click.ParamType[Ref]):
    name = "row"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Ref:
        if isinstance(value, Ref):
            return value
        found = REF.fullmatch(str(value))
        if not found:
            self.fail(f"{value!r} names no row: write 12, in-12 or out-12.", param, ctx)
        return Ref(Table(found[1]) if found[1] else None, int(found[2]))


@dataclass(frozen=True, slots=True)
class Scope:
    """What one group of commands is about: tables, and the statuses of each that belong there."""

    name: str
    statuses: Mapping[Table, tuple[str, ...]]
    example: str  # of a row

    def place(self, ref: Ref) -> tuple[Table, int]:
        """The table of a named row; a usage error if it is not one of ours or not said."""
        if ref.table is None and len(self.statuses) == 1:
            return next(iter(self.statuses)), ref.id
        if ref.table in self.statuses:
            return ref.table, ref.id
        names = " or ".join(f"{table}-{ref.id}" for table in self.statuses)
        raise click.UsageError(f"lapor {self.name} knows rows as {names}.")


INBOX = Scope("inbox", {Table.INBOX: STATUSES[Table.INBOX]}, "12")
OUTBOX = Scope("outbox", {Table.OUTBOX: STATUSES[Table.OUTBOX]}, "34")
DEAD = Scope("dead", {Table.INBOX: ("dead",), Table.OUTBOX: ("held", "failed")}, "in-12")
QUARANTINE = Scope("quarantine", {Table.QUARANTINE: STATUSES[Table.QUARANTINE]}, "5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The filter options of one command line, not yet applied to a table or a clock."""

    status: tuple[str, ...]
    channel: tuple[str, ...]
    older_than: timedelta | None
    newer_than: timedelta | None
    error: str

    @property
    def restricts(self) -> bool:
        return bool(
            self.status or self.channel or self.older_than or self.newer_than or self.error
        )

    def filters(self, scope: Scope, now: datetime) -> dict[Table, Filter]:
        """One filter for each table in which anything can match."""
        known = dict.fromkeys(name for names in scope.statuses.values() for name in names)
        for name in self.status:
            if name not in known:
                raise click.UsageError(f"--status must be one of: {', '.join(known)}.")
        found = {}
        for table, own in scope.statuses.items():
            statuses = tuple(name for name in own if not self.status or name in self.status)
            if statuses:
                everything = statuses == STATUSES[table]
                found[table] = self._filter(() if everything else statuses, now)
        return found

    def _filter(self, statuses: tuple[str, ...], now: datetime) -> Filter:
        return Filter(
            statuses=statuses,
            channels=self.channel,
            before=now - self.older_than if self.older_than else None,
            since=now - self.newer_than if self.newer_than else None,
            error=self.error,
        )


_FILTERS = (
    click.option("--status", multiple=True, metavar="STATUS", help="Only these; may be repeated."),
    click.option("--channel", multiple=True, metavar="NAME", help="sms, whatsapp, ..."),
    click.option("--older-than", type=Age(), metavar="AGE", help="90s, 30m, 2h, 1d, 1w."),
    click.option("--newer-than", type=Age(), metavar="AGE", help="The same."),
    click.option("--error", default="", metavar="TEXT", help="Part of the error or its code."),
)
as_json = click.option("--json", "as_json", is_flag=True, help="For programs: JSON lines.")


def filtered(command: Callable[P, R]) -> Callable[P, R]:
    """Add the filter options; they arrive as status, channel, older_than, newer_than, error."""
    return reduce(lambda inner, option: option(inner), reversed(_FILTERS), command)


class Exemplary(click.Command):
    """A command shared by several groups, whose examples name the group that was asked."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        scope = ctx.obj
        if self.epilog and isinstance(scope, Scope):
            with formatter.section("Examples"):
                for line in self.epilog.splitlines():
                    formatter.write_text(line.format(group=scope.name, row=scope.example))
