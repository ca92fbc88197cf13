"""SMS by Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request"""

from collections.abc import Mapping

from gateway.channels.phone import e164
from gateway.channels.twilio import TwilioChannel, media, required
from parsers.messages import Envelope


class TwilioSms(TwilioChannel):
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
