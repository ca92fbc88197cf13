"""The section `channels` of config.yaml."""

from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", ignored_types=(cached_property,))


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


class Channels(Section):
    sms: Twilio
    whatsapp: Whatsapp
    telegram: Telegram
    kannel: Kannel
