"""Telegram: updates in (webhook or long polling), replies out through python-telegram-bot."""

import hmac
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from threading import Lock
from typing import TYPE_CHECKING
from urllib.parse import quote

from gateway.channels.base import Ack, SendError, SignatureInvalid, WebhookRequest
from gateway.channels.media import MediaRefused, Source
from gateway.channels.telegram_gestures import Gesture, GroupCall, gestures
from gateway.channels.telegram_text import LONGEST
from gateway.channels.telegram_update import NAME, Json, read_update
from parsers.messages import Envelope, Failure, Ignored, Outgoing

if TYPE_CHECKING:
    from gateway.channels.telegram_bot import BotThread

UPDATES = ("message", "edited_message", "callback_query", "my_chat_member")  # what we subscribe to
# They write the token (part of every URL) and whole updates, the latter even at CRITICAL.
SILENT_LOGGERS = ("httpx", "httpcore", "telegram")


def _now() -> datetime:
    return datetime.now(UTC)


class Telegram:
    """The bot's side of a private chat; groups and channels are ignored."""

    name = NAME
    ack = Ack()
    max_text = 10 * LONGEST  # longer replies than LONGEST go out as several messages

    def __init__(
        self,
        *,
        token: str,
        secret: str,
        api_url: str,
        timeout_seconds: float,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        self._token, self._secret, self._api_url = token, secret, api_url
        self._timeout, self._clock = timeout_seconds, clock
        self._bot: BotThread | None = None
        self._opening = Lock()

    def verify(self, request: WebhookRequest) -> None:
        given = request.headers.get("x-telegram-bot-api-secret-token", "")
        if not self._secret:
            raise SignatureInvalid("no webhook secret is set, so nobody can prove to be Telegram")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            raise SignatureInvalid("secret token differs" if given else "secret token is missing")

    def parse(self, request: WebhookRequest) -> Envelope | Ignored:
        return read_update(request.json, self._clock())

    def ack_to(self, request: WebhookRequest) -> Ack:
        """The answer to a webhook that was taken, which may carry one call of the Bot API.

        https://core.telegram.org/bots/api#making-requests-when-getting-updates
        """
        match self._gestures(request.json):
            case (Gesture() as first, *others):
                self._attempt(others)
                body = json.dumps({"method": first.method, **first.parameters})
                return Ack(body, 200, "application/json")
            case others:
                self._attempt(others)
        return self.ack

    def attend(self, update: Json) -> None:
        """The same for an update that was asked for: nothing of it can go in an answer."""
        self._attempt(self._gestures(update))

    def send(self, reply: Outgoing) -> str:
        try:
            chat = int(reply.recipient)
        except ValueError:
            raise SendError(Failure.REJECTED, "chat_id") from None
        return self._open().send(chat, reply)

    def check(self) -> str | None:
        try:
            self._open().check()
        except SendError as error:
            if error.code == "token":
                return "Telegram refuses TELEGRAM_BOT_TOKEN: set it as BotFather gave it."
            return f"Telegram cannot be reached ({error.code}): check api_url, network and proxy."
        return None

    def register(self, url: str) -> None:
        """Tell Telegram to post updates to `url` with our secret; SendError if it refuses."""
        self._open().set_webhook(url, self._secret)

    def introduce(self) -> None:
        """Give Telegram our commands and descriptions; SendError if it refuses."""
        self._open().introduce()

    def close(self) -> None:
        with self._opening:
            if self._bot:
                self._bot.close()
            self._bot = None

    def _open(self) -> "BotThread":
        if self._bot:
            return self._bot
        if not self._token:
            raise SendError(Failure.CONFIG, "token")
        # Here, because the library takes 0.2 s and 28 MB that no webhook needs.
        from gateway.channels.telegram_bot import BotThread

        with self._opening:
            self._bot = self._bot or BotThread(
                self._token, self._api_url, self._timeout, self._clock
            )
            return self._bot

    def _gestures(self, update: Json) -> tuple[Gesture | GroupCall, ...]:
        return gestures(update, bot_id=self._token.partition(":")[0])

    def _attempt(self, owed: Sequence[Gesture | GroupCall]) -> None:
        for gesture in owed:
            self._open().attempt(gesture)

    def open_media(self, ref: str) -> Source:
        """A file id leads to a path for an hour: https://core.telegram.org/bots/api#getfile"""
        try:
            path = self._open().file_path(ref)
        except SendError as error:
            if error.code == "file_too_big":
                raise MediaRefused("it is larger than Telegram gives to a bot (20 MB)") from None
            raise
        files = f"{self._api_url.removesuffix('bot')}file/bot{self._token}/"
        return Source(url=files + quote(path), within=files)
