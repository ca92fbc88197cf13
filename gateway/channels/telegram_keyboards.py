"""Buttons of a reply as Telegram's users know them."""

from collections.abc import Iterator, Sequence

from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
)

from parsers.messages import Button, Outgoing

Markup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove

SEND_PIN = "Kirim lokasi saya"
ROW_BUTTONS, ROW_CHARACTERS = 5, 24  # what a narrow phone shows side by side without cutting


def markup_of(reply: Outgoing) -> Markup | None:
    """Every reply takes away the location button of an earlier one, where it is still there.

    Only a notice does not: it may arrive between our question and its answer. A message has
    either buttons under it or a keyboard, so choices beside a pin are keys that type themselves.
    """
    if reply.ask_location:
        keys = [[KeyboardButton(SEND_PIN, request_location=True)]]
        keys += [[KeyboardButton(button.label) for button in row] for row in _rows(reply.buttons)]
        return ReplyKeyboardMarkup(keys, resize_keyboard=True, one_time_keyboard=True)
    if reply.buttons:
        return InlineKeyboardMarkup(
            [
                [InlineKeyboardButton(button.label, callback_data=button.id) for button in row]
                for row in _rows(reply.buttons)
            ]
        )
    return None if reply.notice else ReplyKeyboardRemove()


def _rows(buttons: Sequence[Button]) -> Iterator[list[Button]]:
    """Side by side what is short, one below the other what is long."""
    row: list[Button] = []
    for button in buttons:
        width = sum(len(other.label) for other in (*row, button))
        if row and (len(row) == ROW_BUTTONS or width > ROW_CHARACTERS):
            yield row
            row = []
        row.append(button)
    if row:
        yield row
