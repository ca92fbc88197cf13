"""Content templates of Twilio, by which WhatsApp shows buttons, and speaks after 24 hours.

Buttons: https://www.twilio.com/docs/content/twilio-quick-reply (in a session, without approval,
three at most). Lists: https://www.twilio.com/docs/content/twiliolist-picker (in a session only).
Variables: https://www.twilio.com/docs/content/using-variables-with-content-api
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gateway.channels.rendering import numbered, shortened
from parsers.messages import Button

LONGEST_BODY = 1024
BUTTONS, BUTTON_TITLE = 3, 20
ITEMS, ITEM_TITLE, ITEM_DESCRIPTION = 10, 24, 72
OPEN_LIST = "Pilih / Choose"  # in both languages: a template knows no reply's language
OURS = "lapor1708_{}_v1"  # a template cannot be changed once it is used: a new one, a new name


def definitions() -> dict[str, dict[str, Any]]:
    """What `lapor register whatsapp` creates, by the name that it has in the settings."""
    buttons = {_name(count): _buttons(count) for count in range(1, BUTTONS + 1)}
    return buttons | {_name(count): _list(count) for count in range(BUTTONS + 1, ITEMS + 1)}


def _name(count: int) -> str:
    return f"buttons_{count}" if count <= BUTTONS else f"list_{count}"


def _buttons(count: int) -> dict[str, Any]:
    actions = [
        {"type": "QUICK_REPLY", "title": _slot(2 * number), "id": _slot(2 * number + 1)}
        for number in range(1, count + 1)
    ]
    return {"twilio/quick-reply": {"body": _slot(1), "actions": actions}}


def _list(count: int) -> dict[str, Any]:
    items = [
        {"item": _slot(first), "id": _slot(first + 1), "description": _slot(first + 2)}
        for first in range(2, 3 * count + 2, 3)
    ]
    return {"twilio/list-picker": {"body": _slot(1), "button": OPEN_LIST, "items": items}}


def _slot(number: int) -> str:
    return f"{{{{{number}}}}}"


def samples(definition: Mapping[str, Any]) -> dict[str, str]:
    """A value for each variable of a definition: Twilio wants to see one."""
    count = json.dumps(definition).count("{{")
    return {str(number): f"contoh {number}" for number in range(1, count + 1)}


def choice(
    templates: Mapping[str, str], text: str, buttons: Sequence[Button]
) -> dict[str, str] | None:
    """The fields of a message with buttons or a list; None where plain text must do.

    A label that is too long is cut on its button, and stands whole and numbered in the text.
    """
    sid = templates.get(_name(len(buttons)), "") if buttons else ""
    longest = BUTTON_TITLE if len(buttons) <= BUTTONS else ITEM_TITLE
    cut = any(len(button.label) > longest for button in buttons)
    body = numbered(text, buttons) if cut else text
    if not (sid and body) or len(body) > LONGEST_BODY:
        return None
    values = [body]
    for number, button in enumerate(buttons, 1):
        title = f"{number}. {button.label}" if cut else button.label
        values += [shortened(title, longest), button.id]
        if len(buttons) > BUTTONS:  # a list must describe its items
            whole = shortened(button.label, ITEM_DESCRIPTION)
            values.append(whole if len(button.label) > longest else str(number))
    return content(sid, values)


def notice(sid: str, variables: Sequence[str]) -> dict[str, str]:
    """The fields of an approved template, whose variables may hold no line break and no gap."""
    return content(sid, [" ".join(value.split()) or "-" for value in variables])


def content(sid: str, values: Sequence[str]) -> dict[str, str]:
    if not values:
        return {"content_sid": sid}
    numbers = {str(number): value for number, value in enumerate(values, 1)}
    return {"content_sid": sid, "content_variables": json.dumps(numbers, ensure_ascii=False)}
