"""Groups: told, seldom and briefly, that 1708 serves private chats only."""

from collections.abc import Callable
from datetime import datetime, timedelta

from telegram import Bot, ReplyParameters

from gateway.channels.telegram_gestures import GroupCall

Clock = Callable[[], datetime]

SILENCE = timedelta(hours=1)  # after an answer to a group
PRIVATE_ONLY = "1708 hanya melayani chat pribadi: t.me/{username}"


class Groups:
    """Belongs to the event loop of its bot; what it remembers is of this process only."""

    def __init__(self, bot: Bot, clock: Clock) -> None:
        self._bot, self._clock = bot, clock
        self._username = ""
        self._told: dict[int, datetime] = {}

    async def decline(self, call: GroupCall) -> None:
        self._username = self._username or (await self._bot.get_me()).username or ""
        if (call.ours or self._username.casefold() in call.names) and self._may_tell(call.chat):
            quoting = call.message_id and ReplyParameters(
                call.message_id, allow_sending_without_reply=True
            )
            words = PRIVATE_ONLY.format(username=self._username)
            await self._bot.send_message(call.chat, words, reply_parameters=quoting or None)

    def _may_tell(self, chat: int) -> bool:
        """Said before the send: a group that cannot be written to is not tried at every call."""
        now = self._clock()
        self._told = {key: at for key, at in self._told.items() if now - at < SILENCE}
        if chat in self._told:
            return False
        self._told[chat] = now
        return True
