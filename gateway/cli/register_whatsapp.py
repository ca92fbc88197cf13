"""`lapor register whatsapp`: the buttons and lists that WhatsApp knows only as templates."""

import click
import yaml

from gateway.channels.base import SendError
from gateway.channels.whatsapp import TwilioWhatsapp
from gateway.channels.whatsapp_templates import definitions
from gateway.cli.opening import opened
from gateway.cli.options import as_json
from gateway.cli.rows import print_json


@click.command()
@as_json
def whatsapp(*, as_json: bool) -> None:
    """Create the content templates that are missing at Twilio, and print the settings for them.

    Buttons and lists need no approval. What the settings name already stays as it is.

    \b
    Example:
      lapor register whatsapp
    """
    with opened(needs_schema=False) as rt:
        adapter = rt.adapters.get("whatsapp")
        if not isinstance(adapter, TwilioWhatsapp):
            raise click.ClickException("Twilio is not set up here: set TWILIO_ACCOUNT_SID.")
        try:
            found, created = _complete(adapter)
        except SendError as error:
            raise click.ClickException(f"Twilio refused ({error}): check the account.") from error
        templates = found | created | dict(rt.settings.channels.whatsapp.templates)
    if as_json:
        print_json({"templates": templates, "created": sorted(created)})
        return
    click.echo(f"{len(created)} templates created, {len(found)} were there. For config.yaml:\n")
    settings = {"channels": {"whatsapp": {"templates": templates}}}
    click.echo(yaml.safe_dump(settings, sort_keys=False).rstrip())


def _complete(adapter: TwilioWhatsapp) -> tuple[dict[str, str], dict[str, str]]:
    found = adapter.existing_templates()
    missing = [name for name in definitions() if name not in found]
    return found, {name: adapter.create_template(name) for name in missing}
