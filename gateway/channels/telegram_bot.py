"""python-telegram-bot behind plain calls: one bot, one event loop, connections kept open."""

import asyncio
import os
from collections.abc import Coroutine
from concurrent.futures import CancelledError
from datetime import timedelta
from threading import Thread
from typing import Any, TypeVar

import httpx
from telegram import Bot
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
from parsers.messages import Failure

T = TypeVar("T")

# Without it the library warns at every 429 that RetryAfter.retry_after will become a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

KEEP_ALIVE_SECONDS = 60
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError)
BAD_ADDRESS = (httpx.InvalidURL, httpx.UnsupportedProtocol)
# What BadRequest says, https://core.telegram.org/bots/api gives no list of it; others: bad_request.
REFUSALS = {
    "chat not found": "chat_not_found",
    "message is too long": "too_long",
    "message text is empty": "empty",
    "text must be non-empty": "empty",
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

    def __init__(self, token: str, api_url: str, timeout_seconds: float) -> None:
        self._request = open_request(timeout_seconds)
        # Not Bot.initialize(): it would ask get_me and fail while Telegram is away.
        self._bot = Bot(token, api_url, request=self._request, get_updates_request=self._request)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name="telegram", daemon=True)
        self._thread.start()

    def send(self, chat: int, text: str) -> str:
        sent = self._call(self._bot.send_message(chat, text))
        return f"{chat}:{sent.message_id}"

    def check(self) -> None:
        self._call(self._bot.get_me())

    def set_webhook(self, url: str, secret: str) -> None:
        self._call(self._bot.set_webhook(url, allowed_updates=UPDATES, secret_token=secret))

    def close(self) -> None:
        asyncio.run_coroutine_threadsafe(self._end(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _call(self, request: Coroutine[Any, Any, T]) -> T:
        failure: SendError
        try:
            return asyncio.run_coroutine_threadsafe(request, self._loop).result()
        except TelegramError as error:
            failure = failure_of(error)
        except CancelledError:
            failure = SendError(Failure.UNCERTAIN, "closing")
        except (KeyError, TypeError, ValueError):  # 2xx, but not the Bot API's answer
            failure = SendError(Failure.UNCERTAIN, "answer")
        # Outside of the handlers: a chained exception may show the token, which is in every URL.
        raise failure

    async def _end(self) -> None:
        waiting = asyncio.all_tasks() - {asyncio.current_task()}
        for task in waiting:
            task.cancel()
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
