"""Reads many texts with every core."""

import multiprocessing
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import partial

from rich.progress import Progress

from bots.reader import Reader
from parsers.understand import Understander
from parsers.understanding import Understanding

Reads = Reader | Understander
TOGETHER = 50  # texts handed to a process at once


@dataclass(frozen=True, slots=True)
class Ask:
    """A text and what is known beside it."""

    text: str
    area: str | None = None
    today: date | None = None


class Reading:
    """Understands lists of texts, with a progress bar for each."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def read(self, reader: Reads, asks: Iterable[Ask], what: str) -> list[Understanding]:
        """In the same order; the reader is inherited by forked processes, not sent to them."""
        listed = list(asks)
        task = self._progress.add_task(what, total=len(listed))
        found = []
        with ProcessPoolExecutor(
            os.cpu_count(), multiprocessing.get_context("fork"), _inherit, (reader,)
        ) as pool:
            for seen in pool.map(_understand, listed, chunksize=TOGETHER):
                found.append(seen)
                self._progress.advance(task)
        return found


_understand_one: Callable[[Ask], Understanding]


def _inherit(reader: Reads) -> None:
    global _understand_one
    _understand_one = partial(answer, reader)


def _understand(ask: Ask) -> Understanding:
    return _understand_one(ask)


def answer(reader: Reads, ask: Ask) -> Understanding:
    return reader.understand(ask.text, area=ask.area, today=ask.today)
