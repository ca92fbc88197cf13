"""Who may do what: the actions of each role, and the access of one officer or program."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from store.agency_models import Officer, Role


class Action(StrEnum):
    READ = "read"  # see the complaints of the scope
    FILE = "file"  # hand in a complaint
    ACT = "act"  # answer, ask, hand on, return
    TRIAGE = "triage"  # correct, dispose, archive, link
    OPERATE = "operate"  # inbox, outbox, replay
    REPORT = "report"
    ADMIN = "admin"  # officers, keys, subscriptions


ALL = frozenset(Action)
NATIONAL_ONLY = frozenset({Action.OPERATE, Action.ADMIN})  # they know no agency's bounds
RESERVED = frozenset({"citizen", "system"})  # actors of events that nobody else may be called
BY_ROLE: Mapping[Role, frozenset[Action]] = {
    Role.NATIONAL: ALL,
    Role.COORDINATOR: ALL - NATIONAL_ONLY,
    Role.LIAISON: frozenset({Action.READ, Action.ACT, Action.REPORT}),
    Role.MONITOR: frozenset({Action.READ, Action.REPORT}),
}


@dataclass(frozen=True, slots=True)
class Access:
    """An officer, a program or an operator: the name that events keep, and what it may do."""

    name: str
    agency: str  # code; "" is national and reaches all
    actions: frozenset[Action]
    key: int | None = None  # the id of the API key, of a program

    def may(self, action: Action) -> bool:
        return action in self.actions


LOCAL = Access("operator at the console", "", ALL)


def of_officer(officer: Officer) -> Access:
    """An inactive officer may nothing."""
    actions = BY_ROLE[officer.role] if officer.active else frozenset[Action]()
    return Access(officer.name, officer.agency, actions)
