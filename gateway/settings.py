"""config.yaml and the environment, turned into one frozen value; every mistake is shown at once."""

import os
from collections.abc import Iterator, Mapping
from datetime import time, timedelta
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import yaml
from pydantic import (
    Field,
    NonNegativeInt,
    PositiveFloat,
    PositiveInt,
    SecretStr,
)
from pydantic import ValidationError as PydanticError

from gateway.api_settings import Api
from gateway.channel_settings import Channels, ClockTime, Officers, Section
from gateway.deadline_settings import Deadlines
from gateway.family_settings import Families
from gateway.learning_settings import Learning
from gateway.matching_settings import Matching
from parsers.catalogue import Catalogue
from store.casework.deadlines import DutyClock
from store.casework.workdays import CalendarError
from store.catalogue import catalogue_in
from store.notice_rules import NoticeRules, Quiet

ROOT = Path(__file__).parent.parent
DATABASES = ("sqlite://", "postgresql+psycopg://")
QUEUES = frozenset({"redis", "rediss"})
SECRETS = (
    "TWILIO_ACCOUNT_SID",
    "TWILIO_AUTH_TOKEN",
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_WEBHOOK_SECRET",
    "KANNEL_SECRET",
    "KANNEL_PASSWORD",
    "SMTP_PASSWORD",
)
OVERRIDES = {
    "LAPOR_ENVIRONMENT": ("environment",),
    "PUBLIC_URL": ("public_url",),
    "DATA_DIR": ("data_dir",),
    "DATABASE_URL": ("database", "url"),
    "REDIS_URL": ("queue", "url"),
    "HOST": ("web", "host"),
    "PORT": ("web", "port"),
}


class ConfigError(Exception):
    """The configuration cannot be used; the message lists every mistake, one a line."""


class Database(Section):
    url: str
    pool_size: PositiveInt
    busy_timeout_seconds: PositiveFloat


class QueueSettings(Section):
    url: str
    embedded: bool
    timeout_seconds: PositiveFloat


class Web(Section):
    host: str
    port: int = Field(ge=1, le=65535)
    threads: PositiveInt
    max_body_bytes: PositiveInt
    trusted_proxies: int = Field(ge=0)


class Intake(Section):
    batch: PositiveInt
    lease_seconds: PositiveFloat
    attempts: PositiveInt
    backoff_seconds: PositiveFloat
    repeat_seconds: float = Field(ge=0)
    questions: NonNegativeInt
    question_hours: PositiveFloat
    together_seconds: float = Field(ge=0)
    conversation_hours: PositiveFloat
    undo_minutes: PositiveFloat
    code_minutes: PositiveFloat
    idle_minutes: PositiveFloat
    confidential: tuple[str, ...]


class Rate(Section):
    """Replies a second; 0 is no limit."""

    overall: int = Field(ge=0)
    each: int = Field(ge=0)  # to one person


class Rates(Section):
    sms: Rate
    whatsapp: Rate
    telegram: Rate
    kannel: Rate


class Fallback(Section):
    """The second provider of each SMS channel, or "": only they send to the same numbers."""

    sms: Literal["", "kannel"]
    kannel: Literal["", "sms"]


class Circuit(Section):
    sends: PositiveInt
    share: float = Field(gt=0, le=1)
    rest_seconds: PositiveFloat
    longest_seconds: PositiveFloat


class Outbox(Section):
    batch: PositiveInt
    parallel: PositiveInt
    lease_seconds: PositiveFloat
    attempts: PositiveInt
    backoff_seconds: PositiveFloat
    timeout_seconds: PositiveFloat
    answer_hours: PositiveFloat
    settle_seconds: float = Field(ge=0)
    quiet_from: ClockTime
    quiet_until: ClockTime
    whatsapp_hours: PositiveFloat
    sms_channel: Literal["", "sms", "kannel"]
    fallback: Fallback
    fallback_attempts: PositiveInt
    price_per_segment: float = Field(ge=0)
    rates: Rates
    circuit: Circuit


MediaType = Literal[  # what gateway.media can recognise
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "audio/ogg",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/amr",
    "audio/3gpp",
    "video/mp4",
    "video/3gpp",
    "application/pdf",
]
# Ends in a slash, so that a longer host or folder of the same beginning is not meant as well.
Beginning = Annotated[str, Field(pattern=r"^https?://[^/@?#]+/([^?#]*/)?$")]


class Attachments(Section):
    url: str
    max_bytes: PositiveInt
    max_pixels: PositiveInt
    types: tuple[MediaType, ...]
    redirects: tuple[Beginning, ...]
    batch: PositiveInt
    timeout_seconds: PositiveFloat
    lease_seconds: PositiveFloat
    attempts: PositiveInt
    backoff_seconds: PositiveFloat


class Quarantine(Section):
    max_rows: PositiveInt
    max_bytes: PositiveInt
    max_days: PositiveInt


class Relay(Section):
    every_seconds: PositiveInt


class Open311(Section):
    jurisdictions: tuple[str, ...] = Field(min_length=1)
    key_needed: bool
    wait_seconds: float = Field(ge=0, le=10)
    page_size: PositiveInt
    largest_page: PositiveInt
    contact: str


class Secrets(Section):
    """Each is None when the environment does not give it; they print as ***."""

    TWILIO_ACCOUNT_SID: SecretStr | None = None
    TWILIO_AUTH_TOKEN: SecretStr | None = None
    TELEGRAM_BOT_TOKEN: SecretStr | None = None
    TELEGRAM_WEBHOOK_SECRET: SecretStr | None = None
    KANNEL_SECRET: SecretStr | None = None
    KANNEL_PASSWORD: SecretStr | None = None
    SMTP_PASSWORD: SecretStr | None = None

    def text(self, name: str) -> str:
        """The secret itself, or "" where it was not given."""
        value: SecretStr | None = getattr(self, name)
        return value.get_secret_value() if value else ""


class Settings(Section):
    environment: Literal["development", "production"]
    public_url: str = Field(pattern=r"^https?://[^/]+(/.*)?$")
    data_dir: Path
    timezone: str
    database: Database
    queue: QueueSettings
    web: Web
    intake: Intake
    outbox: Outbox
    attachments: Attachments
    quarantine: Quarantine
    relay: Relay
    officers: Officers
    matching: Matching
    deadlines: Deadlines
    families: Families
    learning: Learning
    open311: Open311
    api: Api
    channels: Channels
    secrets: Secrets = Secrets()

    @property
    def production(self) -> bool:
        return self.environment == "production"

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)

    @cached_property
    def notice_rules(self) -> NoticeRules:
        """When a notice goes out, as `outbox.notify` wants to know it."""
        outbox = self.outbox
        start, end = map(time.fromisoformat, (outbox.quiet_from, outbox.quiet_until))
        quiet = Quiet(start=start, end=end, zone=self.zone)
        return NoticeRules(settle=timedelta(seconds=outbox.settle_seconds), quiet=quiet)

    @property
    def clock(self) -> DutyClock:
        return self.deadlines.clock(self.zone)

    @property
    def catalogue_dir(self) -> Path:
        return self.matching.directory(self.data_dir)

    @cached_property
    def catalogue(self) -> Catalogue:
        """What this service routes by: one of its own is read at the start, and kept."""
        return catalogue_in(self.catalogue_dir)

    @property
    def lost_confidential(self) -> list[str]:
        """Topics of intake.confidential that the catalogue does not have."""
        return [code for code in self.intake.confidential if code not in self.catalogue.categories]

    @property
    def model_dirs(self) -> tuple[Path, ...]:
        """Where what was learnt may lie: nightly for this service, else beside the catalogue."""
        return self.data_dir, self.catalogue_dir

    @property
    def spool_dir(self) -> Path:
        return self.data_dir / "spool"

    @property
    def attachments_url(self) -> str:
        """Where files are kept: the address of the settings, else a folder beside the database."""
        return self.attachments.url or str(self.data_dir.absolute() / "attachments")


def load(path: Path | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read the file (LAPOR_CONFIG, else the project's config.yaml); ConfigError if unusable."""
    path = path or Path(environ.get("LAPOR_CONFIG") or ROOT / "config.yaml")
    values = _read(path)
    for name, keys in OVERRIDES.items():
        if environ.get(name):
            _put(values, keys, environ[name])
    values["secrets"], mistakes = _secrets(environ)
    try:
        settings = Settings.model_validate(values)
        mistakes += _inconsistent(settings)
    except PydanticError as error:
        mistakes += [_sentence(item["loc"], item["msg"]) for item in error.errors()]
    if mistakes:
        raise ConfigError("\n".join(f"{path.name}: {mistake}" for mistake in mistakes))
    return settings


def _read(path: Path) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), yaml.CSafeLoader)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}).") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name}: is not UTF-8 text.") from error
    except yaml.YAMLError as error:
        where = getattr(error, "problem_mark", None)
        line = f" line {where.line + 1}" if where else ""
        raise ConfigError(
            f"{path.name}:{line} is not valid YAML; check the indentation."
        ) from error
    if not isinstance(values, dict):
        raise ConfigError(f"{path.name}: must hold `key: value` lines.")
    return values


def _put(values: dict[str, Any], keys: tuple[str, ...], value: str) -> None:
    *sections, last = keys
    for name in sections:
        values = values[name] if isinstance(values.get(name), dict) else {}  # else reported below
    values[last] = value


def _secrets(environ: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    found, mistakes = {}, []
    for name in SECRETS:
        file = environ.get(f"{name}_FILE")
        if environ.get(name):
            found[name] = environ[name]
        elif file:
            try:
                found[name] = Path(file).read_text(encoding="utf-8").strip()
            except OSError as error:
                mistakes.append(f"{name}_FILE: {file} cannot be read ({error.strerror}).")
            except UnicodeDecodeError:
                mistakes.append(f"{name}_FILE: {file} is not UTF-8 text.")
    return found, mistakes


def _inconsistent(settings: Settings) -> list[str]:
    mistakes = [*_wrong_addresses(settings), *_wrong_days(settings)]
    mistakes += settings.matching.mistakes(settings.data_dir, lambda: settings.catalogue)
    secrets, channels = settings.secrets, settings.channels
    if settings.attachments.lease_seconds <= settings.attachments.timeout_seconds:
        mistakes.append("attachments.lease_seconds: must be more than timeout_seconds.")
    if settings.production and "127.0.0.1" in settings.public_url:
        mistakes.append("public_url: in production it must be the address that providers call.")
    if (channels.sms.number or channels.whatsapp.number) and not secrets.TWILIO_AUTH_TOKEN:
        mistakes.append("channels.sms/whatsapp: a number is set, TWILIO_AUTH_TOKEN is missing.")
    if channels.kannel.sendsms_url and not secrets.KANNEL_SECRET:
        mistakes.append("channels.kannel: sendsms_url is set, KANNEL_SECRET is missing.")
    telegram_hook = secrets.TELEGRAM_BOT_TOKEN and not channels.telegram.polling
    if telegram_hook and not secrets.TELEGRAM_WEBHOOK_SECRET:
        mistakes.append("channels.telegram: a webhook needs TELEGRAM_WEBHOOK_SECRET.")
    mistakes += channels.email.mistakes(password=bool(secrets.SMTP_PASSWORD))
    try:
        _ = settings.zone
    except (KeyError, ValueError):
        mistakes.append(f"timezone: {settings.timezone!r} is not known, use e.g. Asia/Jakarta.")
    return mistakes


def _wrong_days(settings: Settings) -> Iterator[str]:
    try:
        _ = settings.deadlines.calendar
    except CalendarError as error:
        yield from (f"deadlines.holidays_file: {line}" for line in error.lines)


def _wrong_addresses(settings: Settings) -> Iterator[str]:
    if not settings.database.url.startswith(DATABASES):
        yield (
            "database.url (DATABASE_URL): must be sqlite:///path "
            "or postgresql+psycopg://user@host/name."
        )
    if not _names_a_queue(settings.queue.url):
        yield "queue.url (REDIS_URL): must be redis://host:port/0 or rediss://host:port/0."


def _names_a_queue(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in QUEUES and parts.port != 0
    except ValueError:  # of the port
        return False


def _sentence(where: tuple[int | str, ...], message: str) -> str:
    key = ".".join(str(part) for part in where)
    if message.startswith("Extra inputs"):
        return f"{key}: unknown key, check its spelling."
    if message == "Field required":
        return f"{key}: is missing."
    return f"{key}: {message[0].lower()}{message[1:]}."
