"""The parts of a complaint that only JSON lines can carry: events, dispositions, pauses."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from store.exchange import values
from store.exchange.values import Wrong
from store.models import DeskState

MOST: Final = 5_000  # events of one complaint
NAME = re.compile(r"[a-z][a-z_]{0,39}")


@dataclass(frozen=True, slots=True)
class Happening:
    """An event of a file."""

    kind: str
    actor: str
    at: datetime
    text: str = ""
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str, datetime]:
        """What makes two of them the same: a text may be masked in one."""
        return self.kind, self.actor, self.at


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """A disposition of a file; what is None the file does not say."""

    agency: str
    actor: str = ""
    reason: str = ""
    state: DeskState
    at: datetime | None = None
    deadline: date | None = None
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Nested:
    """Reads them; Wrong says which one is not what it should be."""

    zone: ZoneInfo
    agency: Callable[[str], str]  # Wrong for one that is not known

    def events(self, value: object) -> tuple[Happening, ...]:
        return tuple(self._event(number, item) for number, item in enumerate(_list(value), 1))

    def desks(self, value: object) -> tuple[Desk, ...]:
        found = tuple(self._desk(number, item) for number, item in enumerate(_list(value), 1))
        if len({desk.agency for desk in found}) < len(found):
            raise Wrong("name an agency twice")
        return found

    def pauses(self, value: object) -> list[list[str | None]]:
        """As the table has them: [[from, until or null]], ISO."""
        found: list[list[str | None]] = []
        for number, item in enumerate(_list(value), 1):
            match item:
                case [str(start), str() | None as end]:
                    times = [start, end] if end else [start]
                    isos = [self._moment(number, time).isoformat() for time in times]
                    found.append([isos[0], isos[1] if end else None])
                case _:
                    raise Wrong(f"number {number} is not [from, until]")
        return found

    def _event(self, number: int, item: object) -> Happening:
        match item:
            case {"kind": str(kind), "actor": str(actor), "at": str(at), **more}:
                detail, text = more.get("detail") or {}, more.get("text") or ""
                if NAME.fullmatch(kind) and isinstance(detail, dict) and isinstance(text, str):
                    return Happening(
                        kind=kind,
                        actor=values.label(actor),
                        at=self._moment(number, at),
                        text=values.text(text),
                        detail=detail,
                    )
        raise Wrong(f"number {number} is not an event with kind, actor, at, text, detail")

    def _desk(self, number: int, item: object) -> Desk:
        match item:
            case {
                "agency": str(agency),
                "state": str(state),
                "at": str(at),
                "deadline": str(deadline),
                **more,
            } if state in set(DeskState):
                answered = more.get("answered_at")
                return Desk(
                    agency=self.agency(agency),
                    actor=values.label(str(more.get("actor") or "")),
                    reason=values.text(str(more.get("reason") or "")),
                    state=DeskState(state),
                    at=self._moment(number, at),
                    deadline=self._moment(number, deadline).date(),
                    answered_at=self._moment(number, str(answered)) if answered else None,
                )
        raise Wrong(f"number {number} is not a disposition with agency, state, at, deadline")

    def _moment(self, number: int, cell: str) -> datetime:
        try:
            return values.moment(cell, self.zone)[0]
        except Wrong as error:
            raise Wrong(f"number {number}: {error}") from error


def _list(value: object) -> list[object]:
    if not isinstance(value, list) or len(value) > MOST:
        raise Wrong(f"must be a list of at most {MOST:,}")
    return value
