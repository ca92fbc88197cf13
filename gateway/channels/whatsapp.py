"""WhatsApp by Twilio: https://www.twilio.com/docs/messaging/guides/webhook-request"""

import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cached_property
from threading import BoundedSemaphore

import structlog

from gateway.channel_settings import Whatsapp
from gateway.channels import whatsapp_templates as templates
from gateway.channels.base import Ack, SendError, WebhookRequest
from gateway.channels.gsm7 import parts
from gateway.channels.rendering import numbered
from gateway.channels.twilio import LONGEST_BODY, TwilioChannel, media, required
from gateway.channels.twilio_errors import TEMPLATE_FAULTS
from parsers.messages import Envelope, Failure, Location, Outgoing
from parsers.phone import e164

log = structlog.get_logger()
TYPING = "https://messaging.twilio.com/v2/Indicators/Typing.json"
MARKS_WAITING = 64  # read marks; more are not worth the wait
# Twilio can send a pin, not ask for one: https://www.twilio.com/docs/content/twilio-location
SEND_PIN = "Bisa juga kirim lokasi: klip atau + > Lokasi."

# https://faq.whatsapp.com/539178204879377 ; characters that look the same and format nothing
PLAIN = str.maketrans({"*": "\u2217", "_": "\u02cd", "~": "\u223c", "`": "\u02cb"})
FORMATTED = re.compile(r"(?<!\w)([*_~`]+)(?=\S)(.+?)(?<=\S)\1(?!\w)", re.DOTALL)
QUOTED = re.compile(r"(?m)^> ")
TRACKING = re.compile(r"(?<![\w+-])\d{7}(?![\w-])")


class TwilioWhatsapp(TwilioChannel[Whatsapp]):
    name = "whatsapp"
    prefix = "whatsapp:"

    def _envelope(self, form: Mapping[str, str]) -> Envelope:
        return Envelope(
            channel=self.name,
            provider_id=required(form, "MessageSid", "SmsMessageSid", "SmsSid"),
            sender=self._address(required(form, "From")),
            text=form.get("Body") or form.get("ButtonText") or form.get("ListTitle", ""),
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

    def _say(self, reply: Outgoing) -> str:
        if not reply.open:
            return self._say_notice(reply)
        text = formatted(reply.text) + (f"\n{SEND_PIN}" if reply.ask_location else "")
        if fields := templates.choice(self._config.templates, text, reply.buttons):
            try:
                return self._create(reply, **fields)
            except SendError as error:
                if error.code not in TEMPLATE_FAULTS:
                    raise
        return self._say_in_turn(reply, parts(numbered(text, reply.buttons), LONGEST_BODY))

    def _say_notice(self, reply: Outgoing) -> str:
        """After 24 hours WhatsApp takes an approved template or nothing."""
        sid = self._config.templates.get(reply.notice)
        if not (reply.notice and sid):
            raise SendError(Failure.CLOSED, "window")
        variables = [unformatted(value) for value in reply.variables]
        return self._create(reply, **templates.notice(sid, variables))

    def ack_to(self, request: WebhookRequest) -> Ack:
        """Nobody waits for the read mark that follows, and it is not tried again."""
        sid = request.form.get("MessageSid", "")
        receipt = "/receipt/" in request.path or "MessageStatus" in request.form
        if self._config.mark_read and sid and not receipt and self._room.acquire(blocking=False):
            marking = self._marker.submit(self._mark_read, sid)
            marking.add_done_callback(lambda _: self._room.release())
        return self.ack

    @cached_property
    def _marker(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(1, thread_name_prefix="whatsapp-read")

    @cached_property
    def _room(self) -> BoundedSemaphore:
        return BoundedSemaphore(MARKS_WAITING)

    def _mark_read(self, sid: str) -> None:
        """The sign that we type marks the message as read: Twilio knows no other way.

        https://www.twilio.com/docs/whatsapp/api/typing-indicators-resource
        """
        try:
            self._client.request("POST", TYPING, data={"messageId": sid, "channel": self.name})
        except SendError as error:
            log.info("whatsapp_read_mark_failed", code=error.code)

    def existing_templates(self) -> dict[str, str]:
        """The content templates of the account that are ours, name to SID."""
        ours = {templates.OURS.format(name): name for name in templates.definitions()}
        found = self._client.content.v1.contents.stream()
        return {ours[item.friendly_name]: item.sid for item in found if item.friendly_name in ours}

    def create_template(self, name: str) -> str:
        """The SID of a new content template; SendError if Twilio refuses it."""
        # Here, because no other process needs these 4,000 lines.
        from twilio.rest.content.v1.content import (  # type: ignore[import-untyped]
            ContentList,
        )

        types = templates.definitions()[name]
        payload = {
            "friendly_name": templates.OURS.format(name),
            "language": "id",
            "variables": templates.samples(types),
            "types": types,
        }
        request = ContentList.ContentCreateRequest(payload)
        return str(self._client.content.v1.contents.create(request).sid)

    def close(self) -> None:
        self._marker.shutdown(wait=False, cancel_futures=True)
        super().close()


def unformatted(text: str) -> str:
    """As it was written: what would show as bold, italic, struck, code or a quote does not."""
    text = FORMATTED.sub(lambda found: found[0].translate(PLAIN), text)
    return QUOTED.sub("\u203a ", text)


def formatted(text: str) -> str:
    """The tracking number in bold, if it is surely one and no other mark stands in the text."""
    text = unformatted(text)
    numbers = set(TRACKING.findall(text))
    if len(numbers) != 1 or not set("*_~`").isdisjoint(text):
        return text
    return TRACKING.sub(r"*\g<0>*", text, count=1)


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
