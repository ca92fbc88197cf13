"""Keeping the rollups that the reports are made of up to date."""

import time
from collections.abc import Callable
from math import inf

from gateway.runtime import Runtime
from store.reports import rollups

DAYS = 16  # that are packed in one transaction: others write meanwhile


def refresh_rollups(
    rt: Runtime,
    *,
    until: float = inf,
    again: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Pack the days on which something changed, and say how many; stops at `until` (monotonic).

    What is left then is packed by the next call. `progress` hears how many are done, of how many.
    """
    clock = rt.settings.clock
    with rt.reading() as session:
        found = rollups.changes(session, clock, now=rt.now(), again=again)
    with rt.transaction() as session:
        rollups.mark(session, found)
        total = rollups.count_stale(session)
    done = 0
    while done < total and time.monotonic() < until:
        with rt.reading() as session:
            days = rollups.gather(session, clock, rollups.stale(session, DAYS))
        if not days:
            break
        with rt.transaction() as session:
            rollups.keep(session, days)
        done += len(days)
        if progress:
            progress(min(done, total), total)
    return done
