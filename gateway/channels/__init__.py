"""The channels of this deployment. A new channel adds its line to `build_adapters`."""

from collections.abc import Mapping

from gateway.channels.base import ChannelAdapter
from gateway.channels.console import Console
from gateway.channels.email import Email
from gateway.channels.kannel import Kannel
from gateway.channels.sms import TwilioSms
from gateway.channels.telegram import Telegram
from gateway.channels.webhook import Subscribers, Webhook
from gateway.channels.whatsapp import TwilioWhatsapp
from gateway.open311.channel import Polled
from gateway.settings import Settings

LONGEST = {"sms": 16_000, "whatsapp": 16_000, "telegram": 40_960, "kannel": 16_000}
LONGEST |= {"email": Email.max_text}
WAKES_NOBODY = frozenset({"email", "webhook"})  # quiet hours are none of theirs


def build_adapters(settings: Settings, subscribers: Subscribers) -> Mapping[str, ChannelAdapter]:
    """Every channel that has credentials; in development the console stands in for the others."""
    channels, secrets = settings.channels, settings.secrets
    timeout, public_url = settings.outbox.timeout_seconds, settings.public_url
    adapters: dict[str, ChannelAdapter] = {}
    if secrets.TWILIO_ACCOUNT_SID and secrets.TWILIO_AUTH_TOKEN:
        adapters["sms"] = TwilioSms(
            channels.sms,
            account_sid=secrets.text("TWILIO_ACCOUNT_SID"),
            auth_token=secrets.text("TWILIO_AUTH_TOKEN"),
            public_url=public_url,
            timeout=timeout,
        )
        adapters["whatsapp"] = TwilioWhatsapp(
            channels.whatsapp,
            account_sid=secrets.text("TWILIO_ACCOUNT_SID"),
            auth_token=secrets.text("TWILIO_AUTH_TOKEN"),
            public_url=public_url,
            timeout=timeout,
        )
    if secrets.TELEGRAM_BOT_TOKEN:
        adapters["telegram"] = Telegram(
            token=secrets.text("TELEGRAM_BOT_TOKEN"),
            secret=secrets.text("TELEGRAM_WEBHOOK_SECRET"),
            api_url=channels.telegram.api_url,
            timeout_seconds=timeout,
        )
    if secrets.KANNEL_SECRET:
        adapters["kannel"] = Kannel(
            channels.kannel,
            secret=secrets.text("KANNEL_SECRET"),
            password=secrets.text("KANNEL_PASSWORD"),
            public_url=public_url,
            timeout=timeout,
        )
    if channels.email.host:
        password = secrets.text("SMTP_PASSWORD")
        adapters["email"] = Email(channels.email, password=password, timeout=timeout)
    private = not settings.production
    adapters["webhook"] = Webhook(channels.webhook, subscribers, private=private, timeout=timeout)
    adapters["open311"] = Polled("open311")
    adapters["api"] = Polled("api")
    if not settings.production:
        for name, longest in LONGEST.items():
            adapters.setdefault(name, Console(name, longest))
    return adapters
