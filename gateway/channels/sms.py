"""SMS by Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request"""

import re
from collections.abc import Mapping

from gateway.channel_settings import Twilio
from gateway.channels.rendering import as_sms, charged
from gateway.channels.twilio import TwilioChannel, media, required
from parsers.messages import Envelope, Outgoing
from parsers.phone import e164

# https://www.twilio.com/docs/glossary/what-alphanumeric-sender-id
SENDER_NAME = re.compile(r"[A-Za-z0-9 ]*[A-Za-z][A-Za-z0-9 ]*")


class TwilioSms(TwilioChannel[Twilio]):
    name = "sms"

    def _envelope(self, form: Mapping[str, str]) -> Envelope:
        return Envelope(
            channel=self.name,
            provider_id=required(form, "MessageSid", "SmsMessageSid", "SmsSid"),
            sender=e164(required(form, "From")),
            text=form.get("Body", ""),
            received_at=self._clock(),  # Twilio gives no time of its own
            recipient=e164(form.get("To", "")),
            media=media(form),
            opt_out=form.get("OptOutType", ""),
        )

    def _say(self, reply: Outgoing) -> str:
        return self._say_in_turn(reply, as_sms(reply.text, reply.buttons))

    def segments(self, text: str) -> int:
        """What Twilio charges for a reply of this text; its choices must stand in it."""
        return charged(text)

    def check(self) -> str | None:
        wrong = super().check()
        if wrong is None and SENDER_NAME.fullmatch(self._config.number):
            return (
                f"channels.sms: nobody can answer the sender name {self._config.number}, and every "
                "reply asks for answers: set a short code or a number."
            )
        return wrong
