"""`lapor family`: complaints that may be one matter: look, link, take apart, refuse."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce, wraps
from typing import Protocol

import click
from sqlmodel import Session

from gateway.cli.opening import actor, opened
from gateway.cli.options import as_json
from gateway.cli.rows import print_json, print_table, words
from gateway.runtime import Runtime
from store import audit, complaints
from store.agency_models import FamilyStatus, Similar
from store.families import families, similar
from store.families.families import Unfit
from store.masking import masked
from store.models import Complaint, Privacy

HIDDEN = "[rahasia]"
QUESTIONS = {
    "link": "Is {number} the same matter as {other}? Its reporter hears what happens to {other}",
    "unlink": "Take {number} out of the family of {other}",
    "refuse": "Are {number} and {other} two matters",
}
DONE = {
    "link": "{number} is in the family of {other}.",
    "unlink": "{number} is by itself again.",
    "refuse": "{number} and {other} are kept as two matters.",
}
ALREADY = "They are one family already."
Number = click.IntRange(complaints.FIRST, complaints.LAST)
Pair = tuple[Similar, Complaint, Complaint]


class Change(Protocol):
    """What is done with two complaints; False if nothing had to be done."""

    def __call__(
        self, session: Session, one: Complaint, two: Complaint, /, *, actor: str, now: datetime
    ) -> bool | None: ...


@dataclass(frozen=True, slots=True)
class Why:
    """How a decision was asked for."""

    reason: str
    yes: bool
    as_json: bool


_OPTIONS = (
    click.option("--reason", required=True, help="Why; the audit log keeps it."),
    click.option("--yes", is_flag=True, help="Do not ask first."),
    as_json,
)


def decision(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a decision; the command gets them together as `why`."""

    @wraps(command)
    def packed(*, reason: str, yes: bool, as_json: bool, **others: object) -> None:
        if not reason.strip():
            raise click.UsageError('--reason "..." is required: the audit log keeps it.')
        command(why=Why(reason.strip(), yes, as_json), **others)

    return reduce(lambda inner, option: option(inner), reversed(_OPTIONS), packed)


@click.group()
def family() -> None:
    """Complaints of one matter: proposed, linked under the first, never dropped.

    \b
    Examples:
      lapor family list
      lapor family show 9165816
      lapor family link 7712345 9165816 --reason "same lamp post"
      lapor family refuse 7712345 9165816 --reason "another street"
    """


@family.command("list")
@click.option(
    "--status",
    type=click.Choice([status.value for status in FamilyStatus]),
    default=FamilyStatus.PROPOSED.value,
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True)
@as_json
def list_(*, status: str, limit: int, as_json: bool) -> None:
    """Pairs that may be one matter, the newest first, with what speaks for it.

    \b
    Example:
      lapor family list --status refused --limit 10
    """
    with opened() as rt, rt.reading() as session:
        found = similar.listed(session, status=FamilyStatus(status), limit=limit)
    if as_json:
        for pair in found:
            print_json(_pair(pair))
    else:
        _print_pairs(found)


@family.command()
@click.argument("number", type=Number)
@as_json
def show(*, number: int, as_json: bool) -> None:
    """The family of complaint NUMBER, its head first, and what is proposed for it.

    \b
    Example:
      lapor family show 9165816
    """
    with opened() as rt:
        with rt.reading() as session:
            rows = families.members(session, _found(session, number))
            pairs = similar.of_complaints(session, [row.key for row in rows])
        if as_json:
            print_json({"family": list(map(_member, rows)), "pairs": list(map(_pair, pairs))})
        else:
            _print_family(rt, rows)
            _print_pairs(pairs)


@family.command("link")
@click.argument("number", type=Number)
@click.argument("head", type=Number)
@decision
def link_(*, number: int, head: int, why: Why) -> None:
    """Put complaint NUMBER, and what is linked under it, into the family of complaint HEAD.

    Its reporter then hears the answers that HEAD gets; it keeps its own number and deadline.

    \b
    Example:
      lapor family link 7712345 9165816 --reason "same lamp post"
    """
    with opened() as rt:
        _decide(rt, "link", number, head, why, families.link)


@family.command("unlink")
@click.argument("number", type=Number)
@decision
def unlink_(*, number: int, why: Why) -> None:
    """Take complaint NUMBER out of its family. The two are not proposed again.

    \b
    Example:
      lapor family unlink 7712345 --reason "another lamp post"
    """
    with opened() as rt:
        with rt.reading() as session:
            head = families.members(session, _found(session, number))[0].tracking
        _decide(rt, "unlink", number, head, why, _unlink)


@family.command("refuse")
@click.argument("number", type=Number)
@click.argument("other", type=Number)
@decision
def refuse_(*, number: int, other: int, why: Why) -> None:
    """Say that complaints NUMBER and OTHER are two matters. They are not proposed again.

    \b
    Example:
      lapor family refuse 7712345 9165816 --reason "another street"
    """
    with opened() as rt:
        _decide(rt, "refuse", number, other, why, families.refuse)


def _unlink(session: Session, one: Complaint, _: Complaint, *, actor: str, now: datetime) -> None:
    families.unlink(session, one, actor=actor, now=now)


def _decide(rt: Runtime, action: str, number: int, other: int, why: Why, change: Change) -> None:
    """Show both, ask, and do it with a row in the audit log."""
    with rt.reading() as session:
        both = [_found(session, number), _found(session, other)]
    if not why.yes:
        for row in both:
            click.echo(f"{row.tracking}  {_headline(row)}", err=True)
        question = QUESTIONS[action].format(number=number, other=other)
        click.confirm(question, abort=True, err=True)

    def unit(session: Session) -> bool:
        one, two = _found(session, number), _found(session, other)
        try:
            done = change(session, one, two, actor=actor(), now=rt.now()) is not False
        except Unfit as error:
            raise click.ClickException(f"{error}.") from error
        audit.write(
            session,
            now=rt.now(),
            actor=actor(),
            action=f"family.{action}",
            reason=why.reason,
            detail={"ids": [one.key, two.key], "changed": done},
        )
        return done

    done = rt.unit(unit)
    if why.as_json:
        print_json({"action": action, "numbers": [number, other], "changed": done})
    else:
        click.echo(DONE[action].format(number=number, other=other) if done else ALREADY)


def _found(session: Session, number: int) -> Complaint:
    complaint = complaints.by_tracking(session, number)
    if complaint is None:
        raise click.ClickException(f"there is no complaint {number}.")
    return complaint


def _headline(row: Complaint) -> str:
    """Without personal data; nothing of a secret report."""
    if row.privacy == Privacy.CONFIDENTIAL:
        return HIDDEN
    return masked(row.headline)


def _member(row: Complaint) -> dict[str, object]:
    return {
        "number": row.tracking,
        "status": row.status,
        "agency": row.agency,
        "place": row.place,
        "received": row.created_at,
        "headline": _headline(row),
    }


def _pair(pair: Pair) -> dict[str, object]:
    found, later, earlier = pair
    return {
        "status": found.status,
        "score": found.score,
        "reasons": found.reasons,
        "later": _member(later),
        "earlier": _member(earlier),
        "decided_by": found.actor if found.status != FamilyStatus.PROPOSED else None,
    }


def _print_pairs(pairs: Sequence[Pair]) -> None:
    columns = ("score", "reasons", "later", "earlier", "apart", "headlines")
    print_table(columns, (_line(*pair) for pair in pairs))


def _line(found: Similar, later: Complaint, earlier: Complaint) -> tuple[str, ...]:
    hours = (later.created_at - earlier.created_at).total_seconds() / 3600
    return (
        f"{found.score:.0f}" if found.score else "-",
        " ".join(found.reasons) or found.status,
        str(later.tracking),
        str(earlier.tracking),
        f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d",
        f"{_headline(later)} | {_headline(earlier)}",
    )


def _print_family(rt: Runtime, rows: Sequence[Complaint]) -> None:
    lines = (
        (
            str(row.tracking),
            "member" if row.parent_id else "head" if len(rows) > 1 else "alone",
            row.status,
            row.agency or "",
            words(row.created_at, rt.settings.zone),
            _headline(row),
        )
        for row in rows
    )
    print_table(("number", "in the family", "status", "agency", "received", "headline"), lines)
