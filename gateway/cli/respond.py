"""`lapor respond`: an agency's answer to a complaint, told to its reporter."""

import click

from bots import notices
from gateway import queue
from gateway.cli.opening import actor, opened
from gateway.queue import Wake
from gateway.runtime import Runtime
from store import audit, complaints


@click.command(
    epilog='\b\nExample:\n  lapor respond 9165816 "Jalan sudah kami tambal." --as DINAS_PUPR@32.73'
)
@click.argument("tracking", type=click.IntRange(complaints.FIRST, complaints.LAST))
@click.argument("text")
@click.option("--as", "agency", required=True, help="The code of the agency that has the case.")
def respond(*, tracking: int, text: str, agency: str) -> None:
    """Answer complaint TRACKING with TEXT. Its reporter gets the answer in full, and is asked
    whether that solved it."""
    if not text.strip():
        raise click.UsageError("the answer is empty.")
    with opened() as rt:
        told = _answer(rt, tracking, text.strip(), agency)
        queue.wake(rt.redis, Wake.DELIVER)
    click.echo(
        "Answered; the reporter is told." if told else "Answered; no notice: they want none."
    )


def _answer(rt: Runtime, tracking: int, text: str, agency: str) -> bool:
    with rt.transaction() as session:
        complaint = complaints.by_tracking(session, tracking)
        if complaint is None:
            raise click.ClickException(f"there is no complaint {tracking}.")
        try:
            told = notices.answered(session, complaint, agency, text, rt.desk(), actor=actor())
        except notices.NotOpen as error:
            raise click.ClickException(
                f"complaint {tracking} is {complaint.status} at {complaint.agency or 'no agency'}: "
                f"{agency} cannot answer it."
            ) from error
        audit.write(
            session,
            now=rt.now(),
            actor=actor(),
            action="respond",
            reason="",
            detail={"complaint": complaint.key, "agency": agency},
        )
    return told
