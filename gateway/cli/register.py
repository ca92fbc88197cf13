"""`lapor register`: Telegram learns the address of our webhook; others are told on their sites."""

import click

from gateway.channels.base import SendError
from gateway.channels.telegram import Telegram
from gateway.cli.opening import opened


@click.command()
def register() -> None:
    """Tell Telegram to post updates to PUBLIC_URL/in/telegram, with the secret token.

    \b
    Example:
      PUBLIC_URL=https://1708.example lapor register
    """
    with opened(needs_schema=False) as rt:
        telegram = rt.adapters.get("telegram")
        if not isinstance(telegram, Telegram) or rt.settings.channels.telegram.polling:
            raise click.ClickException(
                "Telegram has no webhook here: set TELEGRAM_BOT_TOKEN and TELEGRAM_WEBHOOK_SECRET, "
                "and channels.telegram.polling: false in config.yaml."
            )
        url = f"{rt.settings.public_url.rstrip('/')}/in/telegram"
        try:
            telegram.register(url)
        except SendError as error:
            raise click.ClickException(
                f"Telegram refused ({error}): check the token, and that {url} is https."
            ) from error
    click.echo(f"Telegram posts updates to {url} from now on.")
