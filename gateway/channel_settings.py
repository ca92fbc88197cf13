"""The sections `channels` and `officers` of config.yaml."""

from collections.abc import Iterator
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat, PositiveInt


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


# Text, for YAML 1.1 reads 21:00 without quotes as the number 1260.
ClockTime = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]


class Twilio(Section):
    number: str
    messaging_service_sid: str
    api_url: str


ContentSid = Annotated[str, Field(pattern=r"^HX[0-9a-fA-F]{32}$")]


class Whatsapp(Twilio):
    templates: dict[str, ContentSid]
    mark_read: bool


class Telegram(Section):
    polling: bool
    api_url: str


class Kannel(Section):
    sendsms_url: str
    username: str
    sender: str
    smsc: str
    allowed_sources: tuple[IPv4Network | IPv6Network, ...]
    concatenates: bool
    answer_in_http: bool
    answer_wait_seconds: PositiveFloat


class Email(Section):
    """SMTP, for officers; off while `host` is empty."""

    host: str
    port: int = Field(ge=1, le=65535)
    security: Literal["starttls", "tls", "none"]
    username: str
    sender: str = Field(pattern=r"^$|^[^\r\n@]*[^\s@<]@[^\s@>]+>?$")
    reply_to: str = Field(pattern=r"^$|^[^\s@]+@[^\s@]+$")

    def mistakes(self, *, password: bool) -> Iterator[str]:
        """What does not go together, given whether there is a SMTP_PASSWORD."""
        if self.host and not self.sender:
            yield "channels.email: host is set, sender is missing."
        if self.host and self.username and not password:
            yield "channels.email: username is set, SMTP_PASSWORD is missing."
        if self.username and self.security == "none":
            yield "channels.email: security none would send the password in the clear."


class Officers(Section):
    """How officers are told."""

    digest_at: ClockTime
    together: PositiveInt


class Webhook(Section):
    """Programs that are told what happens."""

    allow_private: bool
    attempts: PositiveInt
    keep_days: PositiveInt


class Channels(Section):
    sms: Twilio
    whatsapp: Whatsapp
    telegram: Telegram
    kannel: Kannel
    email: Email
    webhook: Webhook
