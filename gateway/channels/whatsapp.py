"""WhatsApp by Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request"""

from collections.abc import Mapping

from gateway.channels.phone import e164
from gateway.channels.twilio import TwilioChannel, media, required
from parsers.messages import Envelope, Location


class TwilioWhatsapp(TwilioChannel):
    name = "whatsapp"
    prefix = "whatsapp:"

    def _envelope(self, form: Mapping[str, str]) -> Envelope:
        return Envelope(
            channel=self.name,
            provider_id=required(form, "MessageSid", "SmsMessageSid", "SmsSid"),
            sender=self._address(required(form, "From")),
            text=form.get("Body") or form.get("ButtonText", ""),
            received_at=self._clock(),  # Twilio gives no time of its own
            recipient=self._address(form.get("To", "")),
            media=media(form),
            location=_location(form),
            profile_name=form.get("ProfileName", ""),
            reply_to=form.get("OriginalRepliedMessageSid", ""),
            choice=form.get("ButtonPayload") or form.get("ListId", ""),
            opt_out=form.get("OptOutType", ""),
        )

    def _address(self, value: str) -> str:
        return e164(value.removeprefix(self.prefix))


def _location(form: Mapping[str, str]) -> Location | None:
    """None as well for a pin that is no place: the words of the message still count."""
    try:
        lat, lon = float(form["Latitude"]), float(form["Longitude"])
    except (KeyError, ValueError):
        return None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # "nan" fails here too
        return None
    label, address = form.get("Label", ""), form.get("Address", "")
    return Location(lat=lat, lon=lon, label=label, address=address)
