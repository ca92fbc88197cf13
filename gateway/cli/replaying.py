"""Carrying out a replay: which rows, in batches, each with its line in the audit log."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice

from gateway.cli.opening import actor
from gateway.cli.selection import Chosen, Scope, select, select_named
from gateway.queue import Wake, wake
from gateway.runtime import Runtime
from store import audit, inbox, operating, outbox
from store.operating import Table, why_not

BATCH = 500
WAKES = {Table.INBOX: Wake.BULK, Table.OUTBOX: Wake.DELIVER}
REPLAY = {Table.INBOX: inbox.replay, Table.OUTBOX: outbox.replay}


@dataclass
class Outcome:
    """What was asked for, and what became of it; true at every moment, whatever stops us."""

    rows: list[tuple[Table, int]]  # to be tried
    refused: dict[str, str] = field(default_factory=dict)  # row -> why
    queued: list[tuple[Table, int]] = field(default_factory=list)
    queue_reached: bool = True  # if not, the relay wakes the workers later

    def __post_init__(self) -> None:
        self.total = len(self.rows) + len(self.refused)

    @property
    def untried(self) -> int:
        return self.total - len(self.queued) - len(self.refused)


def choose(rt: Runtime, scope: Scope, chosen: Chosen, limit: int | None) -> Outcome:
    """Every row of the filter, or the oldest `limit`."""
    rows = select(rt, chosen.filters(scope, rt.now()), newest_first=False)
    return Outcome([(row.table, row.id) for row in islice(rows, limit)])


def choose_named(
    rt: Runtime, scope: Scope, chosen: Chosen, named: Sequence[tuple[Table, int]]
) -> Outcome:
    """The named rows, without those that list and filter do not mean."""
    filters = chosen.filters(scope, rt.now())
    rows: list[tuple[Table, int]] = []
    refused = {}
    for table in scope.statuses:
        ids = sorted({key for its_table, key in named if its_table is table})
        found, others = select_named(rt, table, ids, filters.get(table))
        rows += [(table, row.id) for row in found]
        for key in sorted(set(ids) - {row.id for row in found}):
            status = others.get(key)
            why = f"it is {status}: not among those asked for" if status else why_not(table, None)
            refused[f"{table}-{key}"] = why or ""
    return Outcome(rows, refused)


def foresee(rt: Runtime, outcome: Outcome, *, again: bool) -> None:
    """Fill in what a replay would do now, changing nothing."""
    for table, ids in _batches(outcome.rows):
        with rt.reading() as session:
            statuses = operating.statuses_of(session, table, ids)
        for key in ids:
            if why := why_not(table, statuses.get(key), again=again):
                outcome.refused[f"{table}-{key}"] = why
            else:
                outcome.queued.append((table, key))


def carry_out(
    rt: Runtime, outcome: Outcome, *, again: bool, reason: str, done: Callable[[int], object]
) -> None:
    """Queue the rows batch by batch and wake their workers; `done` hears of each batch."""
    try:
        for table, ids in _batches(outcome.rows):
            _replay_batch(rt, outcome, table, ids, again=again, reason=reason)
            done(len(ids))
    finally:
        reached = [wake(rt.redis, WAKES[table]) for table in {table for table, _ in outcome.queued}]
        outcome.queue_reached = all(reached)


def _replay_batch(
    rt: Runtime, outcome: Outcome, table: Table, ids: list[int], *, again: bool, reason: str
) -> None:
    """One transaction: the rows, and who queued them and why."""
    with rt.transaction() as session:
        queued = REPLAY[table](session, ids, now=rt.now(), again=again)
        left = sorted(set(ids) - set(queued))
        statuses = operating.statuses_of(session, table, left)
        audit.write(
            session,
            now=rt.now(),
            actor=actor(),
            action=f"{table.name.lower()}.replay",
            reason=reason,
            detail={"asked": ids, "queued": queued, "again": again},
        )
    outcome.queued += [(table, key) for key in queued]
    for key in left:
        why = why_not(table, statuses.get(key), again=again)
        outcome.refused[f"{table}-{key}"] = why or "it changed at the same moment"


def _batches(rows: list[tuple[Table, int]]) -> list[tuple[Table, list[int]]]:
    """Ids of one table each, in order."""
    found = []
    for table in REPLAY:
        ids = [key for its_table, key in rows if its_table is table]
        found += [(table, ids[start : start + BATCH]) for start in range(0, len(ids), BATCH)]
    return found
