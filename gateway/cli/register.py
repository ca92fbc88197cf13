"""`lapor register`: Telegram learns what the bot is and does, and where its updates go."""

import click

from gateway.channels.base import SendError
from gateway.channels.telegram import Telegram
from gateway.cli.opening import opened
from gateway.cli.register_whatsapp import whatsapp


@click.group(invoke_without_command=True)
@click.pass_context
def register(context: click.Context) -> None:
    """Give Telegram the bot's commands and descriptions, in Indonesian and English.

    With channels.telegram.polling: false, also tell it to post updates to
    PUBLIC_URL/in/telegram, with the secret token.

    \b
    Example:
      PUBLIC_URL=https://1708.example lapor register
    """
    if context.invoked_subcommand is None:
        _register_telegram()


register.add_command(whatsapp)


def _register_telegram() -> None:
    with opened(needs_schema=False) as rt:
        telegram = rt.adapters.get("telegram")
        if not isinstance(telegram, Telegram):
            raise click.ClickException("Telegram is not set up here: set TELEGRAM_BOT_TOKEN.")
        polling = rt.settings.channels.telegram.polling
        url = f"{rt.settings.public_url.rstrip('/')}/in/telegram"
        try:
            if not polling:
                telegram.register(url)
            telegram.introduce()
        except SendError as error:
            hint = "" if polling else f", and that {url} is https"
            raise click.ClickException(
                f"Telegram refused ({error}): check the token{hint}."
            ) from error
    click.echo("Telegram shows the commands and descriptions of 1708.")
    if polling:
        click.echo("Updates are asked for by `python -m gateway.poller`, as config.yaml says.")
    else:
        click.echo(f"Telegram posts updates to {url} from now on.")
