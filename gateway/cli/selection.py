"""Which rows an operator means, and getting them a page at a time."""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import click

from gateway.runtime import Runtime
from store import operating
from store.operating import STATUSES, Filter, Listed, Table

PAGE = 500  # rows read at once; no transaction stays open between two pages


@dataclass(frozen=True, slots=True)
class Scope:
    """What one group of commands is about: tables, and the statuses of each that belong there."""

    name: str
    statuses: Mapping[Table, tuple[str, ...]]
    example: str  # of a row


INBOX = Scope("inbox", {Table.INBOX: STATUSES[Table.INBOX]}, "12")
OUTBOX = Scope("outbox", {Table.OUTBOX: STATUSES[Table.OUTBOX]}, "34")
DEAD = Scope("dead", {Table.INBOX: ("dead",), Table.OUTBOX: ("held", "failed")}, "in-12")
QUARANTINE = Scope("quarantine", {Table.QUARANTINE: STATUSES[Table.QUARANTINE]}, "5")


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """The filter options of one command line."""

    status: tuple[str, ...]
    channel: tuple[str, ...]
    older_than: timedelta | None
    newer_than: timedelta | None
    error: str

    @property
    def restricts(self) -> bool:
        ages = (self.older_than, self.newer_than)
        return bool(self.status or self.channel or self.error) or any(
            age is not None for age in ages
        )

    def filters(self, scope: Scope, now: datetime) -> dict[Table, Filter]:
        """One filter for each table of the scope in which anything can match."""
        known = dict.fromkeys(name for names in scope.statuses.values() for name in names)
        for name in self.status:
            if name not in known:
                raise click.UsageError(f"--status is one of {', '.join(known)}; not {name!r}.")
        found = {}
        for table, own in scope.statuses.items():
            statuses = tuple(name for name in own if not self.status or name in self.status)
            if statuses:
                found[table] = self._filter(() if statuses == STATUSES[table] else statuses, now)
        return found

    def _filter(self, statuses: tuple[str, ...], now: datetime) -> Filter:
        return Filter(
            statuses=statuses,
            channels=self.channel,
            before=None if self.older_than is None else now - self.older_than,
            since=None if self.newer_than is None else now - self.newer_than,
            error=self.error,
        )


def select(rt: Runtime, filters: Mapping[Table, Filter], *, newest_first: bool) -> Iterator[Listed]:
    """The rows of all tables in the order of their times."""
    parts = [_of_table(rt, table, wanted, newest_first) for table, wanted in filters.items()]
    return heapq.merge(*parts, key=lambda row: row.at, reverse=newest_first)


def _of_table(rt: Runtime, table: Table, wanted: Filter, newest_first: bool) -> Iterator[Listed]:
    beyond = None
    while True:
        with rt.reading() as session:
            found = operating.page(
                session, table, wanted, size=PAGE, beyond=beyond, newest_first=newest_first
            )
        yield from found
        if len(found) < PAGE:
            return
        beyond = found[-1].id


def select_named(
    rt: Runtime, table: Table, ids: list[int], wanted: Filter | None
) -> tuple[list[Listed], dict[int, str]]:
    """The named rows that match the filter too, and the statuses of those that do not."""
    matching: list[Listed] = []
    others: dict[int, str] = {}
    for start in range(0, len(ids), PAGE):
        part = ids[start : start + PAGE]
        with rt.reading() as session:
            found = (
                operating.page(session, table, wanted, size=PAGE, ids=part, newest_first=False)
                if wanted
                else []
            )
            left = set(part) - {row.id for row in found}
            others |= operating.statuses_of(session, table, sorted(left))
        matching += found
    return matching, others
