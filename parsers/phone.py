"""One spelling for a phone number, so that a person is the same sender on every gateway."""

import re

import phonenumbers

E164 = re.compile(r"\+[1-9][0-9]{6,14}")
INDONESIAN_MOBILE = re.compile(r"(?:0|\+?62)(8[0-9]{8,11})")
NUMBER = re.compile(r"\+?[0-9 ()./-]{9,24}")


def e164(address: str) -> str:
    """The number as +62…; a short code or a sender name stays as it is."""
    address = address.strip()
    if E164.fullmatch(address):
        return address
    if mobile := INDONESIAN_MOBILE.fullmatch(address):
        return f"+62{mobile[1]}"
    return _looked_up(address) if NUMBER.fullmatch(address) else address


def _looked_up(address: str) -> str:
    """The slow way, for the few that are written in a national or a spaced form."""
    digits = re.sub(r"\D", "", address)
    international = address.startswith(("+", "00")) or not digits.startswith("0")
    text = f"+{digits.removeprefix('00')}" if international else digits
    try:
        number = phonenumbers.parse(text, "ID")
    except phonenumbers.NumberParseException:
        return address
    if not phonenumbers.is_valid_number(number):
        return address
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
