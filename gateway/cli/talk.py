"""`lapor send` and `lapor chat`: speaking for a citizen, on the real way of a message."""

import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from uuid import uuid4

import click
import phonenumbers
from redis.exceptions import RedisError

from gateway.channels import LONGEST
from gateway.channels.console import Console
from gateway.cli.opening import opened
from gateway.cli.options import as_json
from gateway.cli.rows import print_json, printable
from gateway.deliver import drain_channel
from gateway.drain import drain_inbox
from gateway.runtime import Runtime
from parsers.messages import Envelope
from parsers.phone import e164
from store import inbox, operating
from store.models import InboxStatus, Lane, OutboxStatus

with suppress(ImportError):  # gives input() its line editing, where Python was built with it
    import readline  # noqa: F401

CHAT_ID = re.compile(r"-?[0-9]{1,19}")
GOOD_BYES = ("keluar", "exit", "quit")
LOOK_AGAIN_SECONDS = 0.05
DRAIN_SECONDS = 30.0  # four tries of a message that fails take half of it
ON_THE_WAY = (OutboxStatus.QUEUED, OutboxStatus.SENDING)
WENT_OUT = (OutboxStatus.SENT, OutboxStatus.DELIVERED)

channel_option = click.option(
    "--channel", type=click.Choice(list(LONGEST)), default="sms", show_default=True
)
sender_option = click.option(
    "--from", "sender", required=True, metavar="NUMBER", help="+62812...; Telegram: a chat id."
)
wait_option = click.option(
    "--wait",
    type=click.FloatRange(0, 300),
    default=3.0,
    show_default=True,
    help="Seconds in which a worker may answer; then this command does its work.",
)


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    status: str


@dataclass(frozen=True, slots=True)
class Said:
    """What became of one message."""

    inbox_id: int
    status: str
    replies: tuple[Reply, ...]
    error: str = ""

    @property
    def settled(self) -> bool:
        waits = any(reply.status in ON_THE_WAY for reply in self.replies)
        return self.status != InboxStatus.RECEIVED and not waits


@click.command()
@channel_option
@sender_option
@wait_option
@as_json
@click.argument("text", nargs=-1, required=True)
def send(*, channel: str, sender: str, wait: float, as_json: bool, text: tuple[str, ...]) -> None:
    """Put one message through 1708 and print the replies it caused.

    \b
    Example:
      lapor send --channel sms --from +6281200000001 "Jalan rusak di Kec. Coblong Bandung"
    """
    with _phone(channel, sender, wait) as phone:
        said = phone.say(" ".join(text))
    if as_json:
        replies = [asdict(reply) for reply in said.replies]
        print_json({"inbox_id": said.inbox_id, "status": said.status, "replies": replies})
    else:
        _show(said)
    if said.status != InboxStatus.DONE or not said.settled:
        raise SystemExit(1)


@click.command()
@channel_option
@sender_option
@wait_option
def chat(*, channel: str, sender: str, wait: float) -> None:
    """Talk to 1708 in this terminal; Ctrl-D or `keluar` ends.

    \b
    Example:
      lapor chat --channel whatsapp --from +6281200000002
    """
    with _phone(channel, sender, wait) as phone:
        click.echo(f"You are {phone.sender} on {channel}. Ctrl-D or `keluar` ends.", err=True)
        for line in _lines():
            _show(phone.say(line))


def _lines() -> Iterator[str]:
    """What the person types, until the end or a good-bye."""
    prompt = "> " if sys.stdin.isatty() else ""
    while True:
        try:
            line = input(prompt).strip()
        except EOFError:
            return
        except UnicodeDecodeError:
            click.echo("That line is not UTF-8 text; it was not sent.", err=True)
            continue
        if line.casefold() in GOOD_BYES:
            return
        if line:
            yield line


def _show(said: Said) -> None:
    for reply in said.replies:
        note = "" if reply.status in WENT_OUT else click.style(f" ({reply.status})", fg="yellow")
        click.echo(f"{click.style('1708:', fg='green', bold=True)} {printable(reply.text)}{note}")
    if said.status == InboxStatus.DEAD:
        click.echo(f"Message {said.inbox_id} could not be handled: {said.error}.", err=True)
    elif not said.settled:
        click.echo(f"Message {said.inbox_id} is kept and waits: see `lapor inbox show`.", err=True)
    elif not said.replies:
        click.echo("(no reply)", err=True)


@contextmanager
def _phone(channel: str, sender: str, wait: float) -> Iterator["Phone"]:
    """A citizen's phone on the console, or one sentence why there can be none."""
    number = _number(sender) if channel != "telegram" else _chat_id(sender)
    with opened() as rt:
        if rt.settings.production:
            raise click.ClickException("this is production: only citizens write here.")
        if not isinstance(rt.adapters.get(channel), Console):
            raise click.ClickException(
                f"{channel} has credentials here, so replies would really go out; "
                "start without them to try 1708."
            )
        yield Phone(rt, channel, number, wait)


def _number(sender: str) -> str:
    number = e164(sender)
    with suppress(phonenumbers.NumberParseException):
        if phonenumbers.is_possible_number(phonenumbers.parse(number, None)):
            return number
    raise click.BadParameter(
        f"{sender!r} is no phone number: write it as +6281200000001 or 081200000001.",
        param_hint="--from",
    )


def _chat_id(sender: str) -> str:
    if CHAT_ID.fullmatch(sender):
        return sender
    raise click.BadParameter(
        f"{sender!r} is no chat id of Telegram: write digits only.", param_hint="--from"
    )


class Phone:
    """One sender on one channel, whose messages this process settles if nobody else does."""

    def __init__(self, rt: Runtime, channel: str, sender: str, wait: float) -> None:
        self._rt, self._channel, self.sender = rt, channel, sender
        self._wait = wait if _reachable(rt) else 0.0

    def say(self, text: str) -> Said:
        name = f"cli-{uuid4()}"
        self._rt.accept(
            Envelope(
                channel=self._channel,
                provider_id=name,
                sender=self.sender,
                text=text,
                received_at=self._rt.now(),
            )
        )
        said = self._watch(name)
        if not said.settled:
            self._wait = 0.0  # nobody works here: do not let the next message wait for it
            said = self._settle(name)
        return said

    def _watch(self, name: str) -> Said:
        """What became of the message once it is settled or the wait is over."""
        until = time.monotonic() + self._wait
        while not (said := self._look(name)).settled and time.monotonic() < until:
            time.sleep(LOOK_AGAIN_SECONDS)
        return said

    def _settle(self, name: str) -> Said:
        """Do the work of the workers for this sender, whose older messages must go first."""
        until = time.monotonic() + DRAIN_SECONDS
        while not (said := self._look(name)).settled and time.monotonic() < until:
            for key in self._waiting(said.inbox_id):
                drain_inbox(self._rt, Lane.LIVE, until=until, only=key)
            drain_channel(self._rt, self._channel, until=until)
            time.sleep(LOOK_AGAIN_SECONDS)
        return said

    def _waiting(self, up_to: int) -> list[int]:
        with self._rt.reading() as session:
            return operating.waiting_of_sender(
                session, self._channel, self.sender, lane=Lane.LIVE, up_to=up_to
            )

    def _look(self, name: str) -> Said:
        with self._rt.reading() as session:
            row = inbox.find(session, self._channel, name)
            replies = inbox.answers(session, row.key) if row else []
        if row is None:
            raise click.ClickException(
                "the database went away: the message waits in the spool and is taken in later."
            )
        told = tuple(Reply(reply.text, reply.status) for reply in replies)
        return Said(row.key, row.status, told, row.error)


def _reachable(rt: Runtime) -> bool:
    """Whether a worker could have been woken at all."""
    try:
        rt.redis.ping()
    except RedisError:
        return False
    return True
