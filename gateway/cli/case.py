"""`lapor case …`: what officers do with a complaint, at the command line."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import TypeVar

import click
from sqlmodel import Session

from bots.casework import Casework
from bots.refusals import Refused
from gateway import queue
from gateway.cli.opening import actor, opened
from gateway.cli.rows import print_fields, print_json
from gateway.queue import Wake
from gateway.runtime import Runtime
from store import audit, complaints, notices
from store.agencies.access import LOCAL
from store.models import ArchiveReason, Event
from store.operating import masked

T = TypeVar("T")
Act = Callable[[Casework], Event | list[Event]]
FACTS = (
    "tracking", "status", "kind", "category", "agency", "place", "address", "duty", "campaign",
    "deadline", "verify_by", "privacy", "urgent", "source", "reopened", "rating", "created_at",
    "forwarded_at", "responded_at", "closed_at",
)  # fmt: skip
Number = click.IntRange(complaints.FIRST, complaints.LAST)


@click.group()
def case() -> None:
    """A complaint: look at it, hand it on, answer it, correct it.

    \b
    Examples:
      lapor case show 9165816
      lapor case dispose 9165816 DINAS_PUPR@32.73 --reason "jalan kota"
      lapor case answer 9165816 "Jalan sudah kami tambal." --as DINAS_PUPR@32.73
      lapor case archive 9165816 --why no_place
    """


@case.command(epilog="\b\nExample:\n  lapor case show 9165816 --json")
@click.argument("tracking", type=Number)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def show(*, tracking: int, as_json: bool) -> None:
    """Facts, desks and history of complaint TRACKING; texts of the citizen stay hidden."""
    with opened() as rt, rt.transaction() as session:
        work = _found(lambda: Casework.of(session, rt.desk(), LOCAL, tracking))
        facts: dict[str, object] = {name: getattr(work.complaint, name) for name in FACTS}
        desks = {code: f"{row.state} until {row.deadline}" for code, row in work.case.desks.items()}
        events = [
            {"at": _minute(rt, event.at), "event": event.kind, "by": event.actor, **_told(event)}
            for event in complaints.history(session, work.complaint.key)
        ]
        if as_json:
            print_json({**facts, "desks": desks, "events": events})
            return
        zone = rt.settings.zone
        print_fields({**facts, **{f"desk {code}": words for code, words in desks.items()}}, zone)
        for event in events:
            rest = {key: event[key] for key in event if key not in ("at", "event", "by", "was")}
            click.echo(f"{event['at']}  {event['event']:<13} {event['by']} {_brief(rest)}".rstrip())


def _told(event: Event) -> dict[str, object]:
    """Without what the reporter wrote before."""
    hidden = ("was",) if event.kind == "extended" else ()
    return {key: value for key, value in event.detail.items() if key not in hidden}


def _minute(rt: Runtime, at: datetime) -> str:
    return at.astimezone(rt.settings.zone).isoformat(" ", "minutes")


def _brief(detail: dict[str, object]) -> str:
    return json.dumps(detail, ensure_ascii=False) if detail else ""


@case.command(
    epilog='\b\nExample:\n  lapor case dispose 9165816 DINAS_PUPR@32.73 --reason "jalan kota"'
)
@click.argument("tracking", type=Number)
@click.argument("agency")
@click.option("--reason", default="", help="Why this agency; kept in the history.")
@click.option("--deadline", type=click.DateTime(["%Y-%m-%d"]), help="Earlier than the legal day.")
def dispose(*, tracking: int, agency: str, reason: str, deadline: datetime | None) -> None:
    """Hand complaint TRACKING to AGENCY, beside those that have it."""
    day = deadline.date() if deadline else None
    carry_out("dispose", tracking, lambda work: work.dispose(agency, reason, deadline=day))


@case.command(epilog="\b\nExample:\n  lapor case forward 9165816 DINAS_PUPR@32.73 --as PEMKOT_3273")
@click.argument("tracking", type=Number)
@click.argument("unit")
@click.option("--as", "agency", required=True, help="The agency that has the case.")
@click.option("--reason", default="")
def forward(*, tracking: int, unit: str, agency: str, reason: str) -> None:
    """Hand an agency's part on to its own UNIT."""
    carry_out("forward", tracking, lambda work: work.forward(agency, unit, reason))


@case.command(
    "return",
    epilog='\b\nExample:\n  lapor case return 9165816 "Ini jalan provinsi." --as DINAS_PUPR@32.73',
)
@click.argument("tracking", type=Number)
@click.argument("reason")
@click.option("--as", "agency", required=True, help="The agency whose task it is not.")
def give_back(*, tracking: int, reason: str, agency: str) -> None:
    """It is not the task of the agency (bukan wewenang): a person finds another."""
    carry_out("return", tracking, lambda work: work.give_back(agency, reason))


@case.command(epilog="\b\nExample:\n  lapor case start 9165816 --as DINAS_PUPR@32.73")
@click.argument("tracking", type=Number)
@click.option("--as", "agency", required=True, help="The agency that begins.")
def start(*, tracking: int, agency: str) -> None:
    """Work has begun."""
    carry_out("start", tracking, lambda work: work.start(agency))


@case.command(epilog='\b\nExample:\n  lapor case defer 9165816 "Di mana?" --as DINAS_PUPR@32.73')
@click.argument("tracking", type=Number)
@click.argument("question")
@click.option("--as", "agency", default="", help="The agency that asks; without it 1708 asks.")
def defer(*, tracking: int, question: str, agency: str) -> None:
    """Ask the reporter QUESTION; the clock stands still until the answer (tunda)."""
    carry_out("defer", tracking, lambda work: work.defer(question, agency))


@case.command(epilog="\b\nExample:\n  lapor case resume 9165816")
@click.argument("tracking", type=Number)
def resume(*, tracking: int) -> None:
    """Go on without the reporter's answer; the clock runs again."""
    carry_out("resume", tracking, lambda work: work.resume())


@case.command(
    epilog='\b\nExample:\n  lapor case answer 9165816 "Sudah ditambal." --as DINAS_PUPR@32.73'
)
@click.argument("tracking", type=Number)
@click.argument("text")
@click.option("--as", "agency", required=True, help="The code of the agency that has the case.")
def answer(*, tracking: int, text: str, agency: str) -> None:
    """Answer complaint TRACKING with TEXT. Its reporter gets the answer in full, and is asked
    whether that solved it."""
    carry_out("answer", tracking, lambda work: work.answer(agency, text))


@case.command(epilog="\b\nExample:\n  lapor case archive 9165816 --why no_place")
@click.argument("tracking", type=Number)
@click.option("--why", required=True, type=click.Choice([reason.value for reason in ArchiveReason]))
@click.option("--text", default="", help="Words for the reporter, before the usual next step.")
def archive(*, tracking: int, why: str, text: str) -> None:
    """Nobody will act on it; its reporter hears why and what to do next."""
    carry_out("archive", tracking, lambda work: work.archive(ArchiveReason(why), text))


@case.command(epilog='\b\nExample:\n  lapor case restore 9165816 --reason "tempatnya sudah jelas"')
@click.argument("tracking", type=Number)
@click.option("--reason", default="")
def restore(*, tracking: int, reason: str) -> None:
    """Take it out of the archive again."""
    carry_out("restore", tracking, lambda work: work.restore(reason))


@case.command(epilog="\b\nExample:\n  lapor case correct 9165816 --category PJU --place 32.73.02")
@click.argument("tracking", type=Number)
@click.option("--category", help="Code of the right topic.")
@click.option("--place", help="Kemendagri code of the right place.")
@click.option(
    "--kind",
    type=click.Choice(["complaint", "aspiration", "information_request"]),
    help="The right class.",
)
@click.option("--campaign", help="A campaign of the settings, or '' for none.")
@click.option("--reason", default="")
def correct(
    *,
    tracking: int,
    category: str | None,
    place: str | None,
    kind: str | None,
    campaign: str | None,
    reason: str,
) -> None:
    """Put right what was understood; the matcher learns from it in the night."""
    carry_out(
        "correct",
        tracking,
        lambda work: work.correct(
            category=category, place=place, kind=kind, campaign=campaign, reason=reason
        ),
    )


def carry_out(action: str, tracking: int, act: Act) -> None:
    """One step on one case, in one transaction with its line in the audit log."""
    with opened() as rt:
        who = actor()

        def unit(session: Session) -> tuple[Casework, bool]:
            access = replace(LOCAL, name=who)
            work = _found(lambda: Casework.of(session, rt.desk(), access, tracking))
            _found(lambda: act(work))
            audit.write(
                session,
                now=rt.now(),
                actor=who,
                action=f"case.{action}",
                reason="",
                detail={"complaint": work.complaint.key},
            )
            return work, notices.waiting(session, work.complaint.key)

        work, told = rt.unit(unit)
        complaint = work.complaint
        queue.wake(rt.redis, Wake.DELIVER)
        click.echo(f"{tracking}: {complaint.status}, due {complaint.deadline}.")
        to = masked(work.case.conversation.sender) if work.case.conversation else ""
        click.echo(f"Its reporter {to} is told." if told else "No notice to its reporter.")


def _found(step: Callable[[], T]) -> T:
    try:
        return step()
    except Refused as refused:
        raise click.ClickException(refused.sentence.say("en")) from refused
