"""python-telegram-bot behind plain calls: one bot, one event loop, connections kept open."""

import asyncio
import os
import time
from collections.abc import Coroutine
from concurrent.futures import CancelledError, Future
from datetime import timedelta
from threading import Thread
from typing import Any, TypeVar

import httpx
import structlog
from telegram import Bot, BotCommandScopeAllPrivateChats, LinkPreviewOptions
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import HTTPXRequest

from gateway.channels.base import SendError
from gateway.channels.telegram import UPDATES
from gateway.channels.telegram_gestures import Gesture, GroupCall
from gateway.channels.telegram_groups import Clock, Groups
from gateway.channels.telegram_keyboards import Markup, markup_of
from gateway.channels.telegram_menu import MENUS
from gateway.channels.telegram_text import html_of, pieces
from parsers.messages import Failure, Outgoing

log = structlog.get_logger()
T = TypeVar("T")

# Without it the library warns at every 429 that RetryAfter.retry_after will become a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

KEEP_ALIVE_SECONDS = 60
# Of the later messages of one long reply: how often each is tried, and how long between.
TRIES, PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 3, 1.0, 5.0
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
BAD_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol)
# What BadRequest says, https://core.telegram.org/bots/api gives no list of it; others: bad_request.
REFUSALS = {
    "chat not found": "chat_not_found",
    "message is too long": "too_long",
    "message text is empty": "empty",
    "text must be non-empty": "empty",
    "file is too big": "file_too_big",
    "can't parse entities": "markup",
    "button_data_invalid": "button",
}


def open_request(timeout_seconds: float) -> HTTPXRequest:
    """An HTTP client for the Bot API that keeps idle connections for a minute."""
    limits = httpx.Limits(max_connections=64, keepalive_expiry=KEEP_ALIVE_SECONDS)
    return HTTPXRequest(
        connect_timeout=timeout_seconds,
        read_timeout=timeout_seconds,
        write_timeout=timeout_seconds,
        pool_timeout=timeout_seconds,
        httpx_kwargs={"limits": limits},
    )


class BotThread:
    """A bot whose event loop runs in a thread of its own; any thread may call it."""

    def __init__(self, token: str, api_url: str, timeout_seconds: float, clock: Clock) -> None:
        self._request = open_request(timeout_seconds)
        # Not Bot.initialize(): it would ask get_me and fail while Telegram is away.
        self._bot = Bot(token, api_url, request=self._request, get_updates_request=self._request)
        self._groups = Groups(self._bot, clock)
        self._running: set[Future[Any]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()

    def send(self, chat: int, reply: Outgoing) -> str:
        """The id of the last message; UNCERTAIN once only a part of the reply has gone out."""
        texts, markup = pieces(reply.text), markup_of(reply)
        sent = ""
        for number, text in enumerate(texts, 1):
            last = number == len(texts)
            try:
                sent = self._say(chat, text, markup if last else None, patient=number > 1)
            except SendError as error:
                if number == 1:
                    raise
                code = f"part_{number}_of_{len(texts)}:{error.code}"
                raise SendError(Failure.UNCERTAIN, code) from None
        return sent

    def _say(self, chat: int, text: str, markup: Markup | None, *, patient: bool) -> str:
        """`patient` waits a refusal out: another try of the row would begin at its first word."""
        for _ in range(TRIES - 1 if patient else 0):
            try:
                return self._say_once(chat, text, markup)
            except SendError as error:
                wait = error.retry_after or PAUSE_SECONDS
                if error.failure is not Failure.RETRY or wait > LONGEST_PAUSE_SECONDS:
                    raise
            time.sleep(wait)
        return self._say_once(chat, text, markup)

    def _say_once(self, chat: int, text: str, markup: Markup | None) -> str:
        sent = self._call(
            self._bot.send_message(
                chat,
                html_of(text),
                parse_mode=ParseMode.HTML,
                reply_markup=markup,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
            )
        )
        return f"{chat}:{sent.message_id}"

    def attempt(self, gesture: Gesture | GroupCall) -> None:
        """Nobody waits for it, and it is not tried again."""
        self._start(self._attempt(gesture))

    def check(self) -> None:
        self._call(self._bot.get_me())

    def file_path(self, file_id: str) -> str:
        """Where the file lies below the Bot API's address for files."""
        found = self._call(self._bot.get_file(file_id))
        return (found.file_path or "").removeprefix(f"{self._bot.base_file_url}/")

    def set_webhook(self, url: str, secret: str) -> None:
        self._call(self._bot.set_webhook(url, allowed_updates=UPDATES, secret_token=secret))

    def introduce(self) -> None:
        for language, menu in MENUS.items():
            commands, code = tuple(menu.commands.items()), language or None
            private = BotCommandScopeAllPrivateChats()
            self._call(self._bot.set_my_commands(commands, private, code))
            self._call(self._bot.set_my_short_description(menu.about, code))
            self._call(self._bot.set_my_description(menu.welcome, code))

    def close(self) -> None:
        for future in tuple(self._running):
            future.cancel()
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _start(self, request: Coroutine[Any, Any, T]) -> Future[T]:
        future = asyncio.run_coroutine_threadsafe(request, self._loop)
        self._running.add(future)
        future.add_done_callback(self._running.discard)
        return future

    def _call(self, request: Coroutine[Any, Any, T]) -> T:
        failure: SendError
        try:
            return self._start(request).result()
        except TelegramError as error:
            failure = failure_of(error)
        except CancelledError:
            failure = SendError(Failure.UNCERTAIN, "closing")
        except (KeyError, TypeError, ValueError):  # 2xx, but not the Bot API's answer
            failure = SendError(Failure.UNCERTAIN, "answer")
        # Outside of the handlers: a chained exception may show the token, which is in every URL.
        raise failure

    async def _attempt(self, gesture: Gesture | GroupCall) -> None:
        try:
            match gesture:
                case GroupCall():
                    await self._groups.decline(gesture)
                case Gesture(method, parameters):  # Bot has each under the Bot API's own name
                    await getattr(self._bot, method)(**parameters)
        except TelegramError as error:
            log.info("telegram_gesture_failed", error=failure_of(error).code)
        except (KeyError, TypeError, ValueError):  # 2xx, but not the Bot API's answer
            log.info("telegram_gesture_failed", error="answer")

    async def _end(self) -> None:
        """Wait for what was cancelled; the library's own tasks end with those that began them."""
        while waiting := asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.gather(*waiting, return_exceptions=True)
        await self._request.shutdown()


def failure_of(error: TelegramError) -> SendError:
    """What to do after `error`; its own words stay here, they may name the token or the person."""
    match error:
        case RetryAfter(retry_after=timedelta() as wait):
            return SendError(Failure.RETRY, "flood", retry_after=wait.total_seconds())
        case Forbidden():
            return SendError(Failure.BLOCKED, "forbidden")
        case InvalidToken():
            return SendError(Failure.CONFIG, "token")
        case ChatMigrated():
            return SendError(Failure.REJECTED, "chat_migrated")
        case BadRequest():
            return SendError(Failure.REJECTED, _refusal(error.message.casefold()))
        case NetworkError():
            return _network_failure(error)
    return SendError(Failure.UNCERTAIN, "answer")


def _refusal(words: str) -> str:
    return next((code for start, code in REFUSALS.items() if start in words), "bad_request")


def _network_failure(error: NetworkError) -> SendError:
    match error.__cause__:
        case None | TelegramError():  # Telegram answered, with 5xx
            return SendError(Failure.RETRY, "unavailable")
        case cause if isinstance(cause, NOT_SENT):
            return SendError(Failure.RETRY, "connect")
        case cause if isinstance(cause, BAD_ADDRESS):
            return SendError(Failure.CONFIG, "address")
    code = "timeout" if isinstance(error, TimedOut) else "broken"
    return SendError(Failure.UNCERTAIN, code)
