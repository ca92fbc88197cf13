"""Does a text fit the GSM 7-bit alphabet? One character outside makes the whole SMS UCS-2."""

# 3GPP TS 23.038, 6.2.1: the default alphabet, and its extension table (two septets each).
BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = "\f^{}\\[~]|€"
ALPHABET = frozenset(BASIC + EXTENSION)


def is_gsm7(text: str) -> bool:
    return ALPHABET.issuperset(text)
