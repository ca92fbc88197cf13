"""What a record of a file says anew of a complaint that is here."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from store.exchange.derived import ACTOR, HAPPENED
from store.exchange.nested import Desk, Happening
from store.exchange.records import Record
from store.families.similar import DUPLICATE

PRIVATE: Final = ("text", "headline", "address", "candidates")  # masked in an export
RECOUNTED: Final = frozenset({"kind", "category", "place", "created_at", "forwarded_at"})
CORRECTED: Final = {"class": "kind", "kind": "kind"}  # what an event calls it -> our field
DUE: Final = frozenset({"duty", "deadline", "verify_by"})  # an officer's correction recounts them


@dataclass(frozen=True, slots=True)
class Change:
    """What a file says anew of a complaint that is here."""

    complaint_id: int
    received: datetime  # as was thought until now
    values: dict[str, Any]
    events: list[Happening]
    desks: list[Desk]  # new ones
    moved: dict[str, dict[str, Any]]  # agency -> what is new of its disposition


@dataclass(frozen=True, slots=True)
class Here:
    """What the database has of the complaints of one batch."""

    complaints: Mapping[int, Mapping[str, Any]]  # by tracking number
    events: Mapping[int, list[Mapping[str, Any]]]  # by complaint
    desks: Mapping[int, Mapping[str, Mapping[str, Any]]]  # by complaint, by agency


def change(
    record: Record,
    row: Mapping[str, Any],
    here: Here,
    *,
    now: datetime,
    mask: Callable[[Any], Any],
) -> Change | None:
    """What the record says anew, or None."""
    events, desks = here.events.get(row["id"], []), here.desks.get(row["id"], {})
    corrected = _corrected(events)
    values = _new_facts(record, row, corrected, mask)
    happened = _new_events(record, row, events, values, now)
    told = [replace(desk, deadline=None) for desk in record.desks] if corrected else record.desks
    opened = [_complete(desk, row, values) for desk in told if desk.agency not in desks]
    moved = {}
    for desk in told:
        if desk.agency in desks and (new := _moved(record, desk, desks[desk.agency], values, mask)):
            moved[desk.agency] = new
    if not (values or happened or opened or moved):
        return None
    return Change(row["id"], row["created_at"], values, happened, opened, moved)


def _corrected(events: Iterable[Mapping[str, Any]]) -> set[str]:
    """What officers have put right here: no file undoes it."""
    found = [e for e in events if e["kind"] in ("corrected", "reclassified")]
    found = [e for e in found if e["detail"].get("field") != DUPLICATE]  # no fact of its own
    fields = {str(e["detail"].get("field", "")) for e in found if e["kind"] == "corrected"}
    return {CORRECTED.get(name, name) for name in fields} | (DUE if found else set())


def _new_facts(
    record: Record, row: Mapping[str, Any], corrected: set[str], mask: Callable[[Any], Any]
) -> dict[str, Any]:
    values = {
        name: value
        for name, value in record.facts.items()
        if name not in corrected
        and value != row[name]
        and not (name in PRIVATE and value == mask(row[name]))
        and not (name == "place" and (row[name] or "").startswith(value))  # only less exact
    }
    if values.get("answered_at") and not row["responded_at"]:
        values.setdefault("responded_at", values["answered_at"])
    if values.keys() & RECOUNTED:
        for name in ("duty", "deadline"):
            if name in record.derived and name not in record.facts and name not in corrected:
                values[name] = record.derived[name]
    return {name: value for name, value in values.items() if value != row[name]}


def _new_events(
    record: Record,
    row: Mapping[str, Any],
    events: Sequence[Mapping[str, Any]],
    values: Mapping[str, Any],
    now: datetime,
) -> list[Happening]:
    """Those of the file that are not here; of a file without events what changed now."""
    known = Counter((event["kind"], event["actor"], event["at"]) for event in events)
    if record.told_events:
        return _unknown(record.events, known)
    if not values:
        return []
    times = {(kind, at) for kind, _, at in known}
    found = [e for e in record.events if e.kind != "received" and (e.kind, e.at) not in times]
    kind = HAPPENED[values["status"]] if "status" in values else ""
    if kind and not any(event.kind == kind for event in found):
        agency = values.get("agency", row["agency"])
        found.append(Happening(kind, ACTOR, now, detail={"agency": agency} if agency else {}))
    return found


def _unknown(
    events: Iterable[Happening], known: Counter[tuple[str, str, datetime]]
) -> list[Happening]:
    new = []
    for event in events:
        if known[event.key] > 0:
            known[event.key] -= 1
        else:
            new.append(event)
    return new


def _complete(desk: Desk, row: Mapping[str, Any], values: Mapping[str, Any]) -> Desk:
    """A desk of a file that does not say when the report came in."""
    if desk.at is not None and desk.deadline is not None:
        return desk
    whole = {**row, **values}
    return Desk(
        agency=desk.agency,
        actor=desk.actor or ACTOR,
        reason=desk.reason,
        state=desk.state,
        at=desk.at or whole["forwarded_at"] or whole["created_at"],
        deadline=whole["deadline"],
        answered_at=desk.answered_at,
    )


def _moved(
    record: Record,
    desk: Desk,
    was: Mapping[str, Any],
    values: Mapping[str, Any],
    mask: Callable[[Any], Any],
) -> dict[str, Any]:
    """What is new of a disposition; one that is only concluded moves with the status."""
    if record.told_desks:
        told: dict[str, Any] = {"actor": desk.actor, "at": desk.at, "reason": desk.reason}
        told |= {"state": desk.state, "deadline": desk.deadline, "answered_at": desk.answered_at}
        if not desk.reason or desk.reason == mask(was["reason"]):  # an export left it out
            del told["reason"]
        if desk.deadline is None:
            del told["deadline"]
    else:
        told = {"state": desk.state} if "status" in values else {}
        told |= {"deadline": values["deadline"]} if "deadline" in values else {}
        if "status" in values or "answered_at" in values:
            told |= {"answered_at": desk.answered_at} if desk.answered_at else {}
    return {name: value for name, value in told.items() if value != was[name]}
