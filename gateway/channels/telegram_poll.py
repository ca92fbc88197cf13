"""Long polling of Telegram: updates are asked for instead of posted to us."""

import asyncio
import json
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urlencode

import structlog
from telegram.error import Conflict, InvalidToken
from telegram.request import HTTPXRequest

from gateway.channels.base import WebhookRequest
from gateway.channels.telegram import UPDATES, Telegram
from gateway.channels.telegram_bot import open_request
from parsers.messages import Envelope, Ignored, Membership

log = structlog.get_logger()

ANSWER_SECONDS = 10.0  # how late Telegram may be after the time it holds a request open
LONGEST_PAUSE_SECONDS = 60.0
HINTS = {
    InvalidToken: "Telegram refuses TELEGRAM_BOT_TOKEN",
    Conflict: "another poller runs with this token, or a webhook is registered",
}


def poll(
    token: str,
    api_url: str,
    take: Callable[[Envelope], object],
    stop: threading.Event,
    *,
    note: Callable[[Membership], object] = lambda _: None,
    hold_seconds: int = 25,
    pause_seconds: float = 1.0,
) -> None:
    """Hand every message to `take`, and who blocks or unblocks us to `note`, until `stop`.

    Telegram forgets an update only after they have returned.
    """
    adapter = Telegram(token=token, secret="", api_url=api_url, timeout_seconds=ANSWER_SECONDS)
    address = f"{api_url}{token}/getUpdates"
    poller = _Poller(adapter, address, take, note, hold_seconds, pause_seconds)
    try:
        asyncio.run(poller.run(stop))
    finally:
        adapter.close()


class _Poller:
    def __init__(
        self,
        adapter: Telegram,
        address: str,
        take: Callable[[Envelope], object],
        note: Callable[[Membership], object],
        hold_seconds: int,
        pause_seconds: float,
    ) -> None:
        self._adapter, self._address, self._take, self._note = adapter, address, take, note
        self._hold, self._pause = hold_seconds, pause_seconds
        self._offset = 0
        self._failing = ""
        self._next_pause = pause_seconds

    async def run(self, stop: threading.Event) -> None:
        work = asyncio.create_task(self._work())
        await asyncio.to_thread(stop.wait)
        work.cancel()  # takes effect between two updates, never inside one
        await asyncio.gather(work, return_exceptions=True)

    async def _work(self) -> None:
        request = open_request(ANSWER_SECONDS)
        try:
            while True:
                await self._round(request)
        finally:
            await request.shutdown()

    async def _round(self, request: HTTPXRequest) -> None:
        try:
            for update in await self._fetch(request):
                self._handle(update)
                await asyncio.sleep(0)  # where a stop gets in
        except Exception as error:  # noqa: BLE001 - Telegram keeps the update, we try again
            await self._wait_after(error)
        else:
            self._say_recovered()

    async def _fetch(self, request: HTTPXRequest) -> Sequence[object]:
        """The updates as Telegram wrote them; Bot.get_updates would fail on all for an odd one."""
        query = {
            "offset": self._offset,
            "timeout": self._hold,
            "allowed_updates": json.dumps(UPDATES),
        }
        address = f"{self._address}?{urlencode(query)}"
        match await request.post(address, read_timeout=self._hold + ANSWER_SECONDS):
            case [*updates]:
                return updates
        raise ValueError("getUpdates gave no list")

    def _handle(self, update: object) -> None:
        """The way of a webhook: parse the same bytes, then take; the offset moves last."""
        match update:
            case {"update_id": int(number), **rest}:
                request = WebhookRequest(body=json.dumps(update).encode())
            case _:
                raise ValueError("an update without update_id")
        try:
            parsed = self._adapter.parse(request)
        except ValueError as error:
            log.error("telegram_update_malformed", update_id=number, reason=str(error))
        else:
            self._pass_on(parsed)
            self._adapter.attend(rest)
        self._offset = number + 1

    def _pass_on(self, parsed: Envelope | Ignored) -> None:
        match parsed:
            case Envelope():
                self._take(parsed)
            case Membership():
                self._note(parsed)
            case Ignored(reason):
                log.info("ignored", channel=self._adapter.name, reason=reason)

    async def _wait_after(self, error: Exception) -> None:
        """Say it once per outage, by type only: the words may hold the token or a text."""
        name = type(error.__cause__ or error).__name__
        if name != self._failing:
            log.warning("telegram_polling_failed", error=name, hint=HINTS.get(type(error), ""))
        self._failing = name
        pause, self._next_pause = self._next_pause, min(2 * self._next_pause, LONGEST_PAUSE_SECONDS)
        await asyncio.sleep(pause)

    def _say_recovered(self) -> None:
        if self._failing:
            log.info("telegram_polling_recovered")
        self._failing, self._next_pause = "", self._pause
