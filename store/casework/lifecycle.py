"""The life of a complaint: every legal move in one table, as plain values.

The stages are those of SP4N-LAPOR!: verification, disposition to an agency and on to its unit or
back (bukan wewenang), tunda, proses, ditindaklanjuti, ditanggapi pelapor, selesai, arsip.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from store.models import ComplaintStatus as Status
from store.models import DeskState


class Move(StrEnum):
    DISPOSE = "dispose"  # hand it to an agency
    FORWARD = "forward"  # an agency hands it to its own unit
    RETURN = "return"  # not the task of this agency
    START = "start"
    DEFER = "defer"  # ask the reporter; the clock stands still
    RESUME = "resume"
    ANSWER = "answer"
    COMMENT = "comment"  # the reporter writes after the answer
    ACCEPT = "accept"  # the reporter is satisfied
    EXPIRE = "expire"  # nobody spoke about the answer in time
    REOPEN = "reopen"
    ESCALATE = "escalate"  # reopened too often: a person at 1708 decides
    ARCHIVE = "archive"
    RESTORE = "restore"  # archived by mistake
    WITHDRAW = "withdraw"


class Illegal(Exception):
    """The complaint, or the desk of this agency, is in no state for the move; both are named."""

    def __init__(self, move: Move, status: Status, agency: str = "", state: str = "") -> None:
        where = f", its desk at {agency} {state or 'does not exist'}" if agency else ""
        super().__init__(f"cannot {move}: the complaint is {status}{where}.")
        self.move, self.status, self.agency, self.state = move, status, agency, state


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """When a move is legal, what becomes of the desks, and which event says so."""

    event: str
    when: frozenset[Status]
    to: Status | None = None  # None: what the desks say together
    desk: frozenset[DeskState] | None = None  # of the acting agency; None: no desk acts
    desk_to: DeskState | None = None
    others: Mapping[DeskState, DeskState] | None = None  # what every desk becomes besides


CLOCK_RUNS = frozenset({Status.TRIAGE, Status.DISPOSED, Status.IN_PROGRESS})
OPEN = CLOCK_RUNS | {Status.DEFERRED, Status.COMMENTED}
JUDGED = frozenset({Status.ANSWERED, Status.COMMENTED, Status.CLOSED})
ENDED = frozenset({Status.CLOSED, Status.ARCHIVED, Status.WITHDRAWN})
AT_WORK = frozenset({DeskState.WAITING, DeskState.WORKING})
UNANSWERED = AT_WORK | {DeskState.DEFERRED}
GONE = frozenset({DeskState.FORWARDED, DeskState.RETURNED})
AGAIN = {DeskState.ANSWERED: DeskState.WORKING}

MOVES: Mapping[Move, Rule] = {
    Move.DISPOSE: Rule(event="disposed", when=OPEN),
    Move.FORWARD: Rule(event="forwarded", when=OPEN, desk=AT_WORK, desk_to=DeskState.FORWARDED),
    Move.RETURN: Rule(event="returned", when=OPEN, desk=UNANSWERED, desk_to=DeskState.RETURNED),
    Move.START: Rule(
        event="started",
        when=OPEN,
        desk=frozenset({DeskState.WAITING}),
        desk_to=DeskState.WORKING,
    ),
    Move.DEFER: Rule(event="deferred", when=CLOCK_RUNS, desk=AT_WORK, desk_to=DeskState.DEFERRED),
    Move.RESUME: Rule(
        event="resumed",
        when=CLOCK_RUNS | {Status.DEFERRED},
        others={DeskState.DEFERRED: DeskState.WORKING},
    ),
    Move.ANSWER: Rule(event="answered", when=OPEN, desk=UNANSWERED, desk_to=DeskState.ANSWERED),
    Move.COMMENT: Rule(
        event="commented",
        when=frozenset({Status.ANSWERED, Status.COMMENTED}),
        to=Status.COMMENTED,
        others=AGAIN,
    ),
    Move.ACCEPT: Rule(
        event="accepted",
        when=frozenset({Status.ANSWERED, Status.COMMENTED}),
        to=Status.CLOSED,
        others={DeskState.WORKING: DeskState.ANSWERED},
    ),
    Move.EXPIRE: Rule(event="closed", when=frozenset({Status.ANSWERED}), to=Status.CLOSED),
    Move.REOPEN: Rule(event="reopened", when=JUDGED, others=AGAIN),
    Move.ESCALATE: Rule(
        event="escalated",
        when=JUDGED,
        to=Status.TRIAGE,
        others=dict.fromkeys((*UNANSWERED, DeskState.ANSWERED), DeskState.RETURNED),
    ),
    Move.ARCHIVE: Rule(event="archived", when=OPEN, to=Status.ARCHIVED),
    Move.RESTORE: Rule(event="restored", when=frozenset({Status.ARCHIVED})),
    Move.WITHDRAW: Rule(event="withdrawn", when=OPEN | {Status.ANSWERED}, to=Status.WITHDRAWN),
}


def waits(desks: Mapping[str, DeskState]) -> bool:
    """Whether some agency waits for the reporter; others may be at work meanwhile."""
    return DeskState.DEFERRED in desks.values()


def together(states: Iterable[DeskState]) -> Status:
    """What the desks of a complaint say together; with none at work a person must find one."""
    active = {state for state in states if state not in GONE}
    if not active:
        return Status.TRIAGE
    if active == {DeskState.ANSWERED}:
        return Status.ANSWERED
    if active <= {DeskState.ANSWERED, DeskState.DEFERRED}:
        return Status.DEFERRED
    return Status.DISPOSED if active == {DeskState.WAITING} else Status.IN_PROGRESS


def after(
    move: Move, status: Status, desks: Mapping[str, DeskState], agency: str = "", to: str = ""
) -> tuple[Status, dict[str, DeskState]]:
    """The complaint and its desks after a move; Illegal leaves both as they are.

    `to` gets the case, at a disposition or a forwarding; an agency that has it gets it not again.
    Without an agency a deferral is that of 1708 itself, before any agency has the case.
    """
    rule, state = MOVES[move], desks.get(agency)
    barred = agency and rule.desk is not None and state not in rule.desk
    if status not in rule.when or barred:
        raise Illegal(move, status, agency, state or "")
    if move is Move.RESUME and status is not Status.DEFERRED and not waits(desks):
        raise Illegal(move, status)
    if to and desks.get(to) in UNANSWERED:
        raise Illegal(move, status, to, desks[to])
    if rule.desk is not None and not agency:
        return _without_desk(move, status), dict(desks)
    changes = rule.others or {}
    now = {code: changes.get(state, state) for code, state in desks.items()}
    if rule.desk_to:
        now[agency] = rule.desk_to
    if to:
        now[to] = DeskState.WAITING
    return rule.to or _resting(move, status, now), now


def _without_desk(move: Move, status: Status) -> Status:
    if move is not Move.DEFER or status is not Status.TRIAGE:
        raise Illegal(move, status)
    return Status.DEFERRED


def _resting(move: Move, status: Status, desks: Mapping[str, DeskState]) -> Status:
    """A comment stands until it is answered, whatever a second agency does meanwhile."""
    found = together(desks.values())
    stands = status is Status.COMMENTED and found in CLOCK_RUNS and move is not Move.REOPEN
    return status if stands and found is not Status.TRIAGE else found
