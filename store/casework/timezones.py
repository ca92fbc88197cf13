"""Which of Indonesia's three times a place has: WIB, WITA or WIT (Keppres 41/1987)."""

from zoneinfo import ZoneInfo

WIB, WITA, WIT = "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura"
ISLANDS = {  # by the first digit of the Kemendagri code
    "1": WIB,  # Sumatra
    "2": WIB,  # Kepulauan Riau
    "3": WIB,  # Java
    "5": WITA,  # Bali, NTB, NTT
    "6": WITA,  # Kalimantan, but for the provinces below
    "7": WITA,  # Sulawesi
    "8": WIT,  # Maluku, Maluku Utara
    "9": WIT,  # Papua
}
PROVINCES = {"61": WIB, "62": WIB}  # Kalimantan Barat, Kalimantan Tengah


def zone_of(place: str | None, default: ZoneInfo) -> ZoneInfo:
    """The time of a place by its Kemendagri code; the default where the place is not known."""
    code = place or ""
    name = PROVINCES.get(code[:2]) or ISLANDS.get(code[:1])
    return ZoneInfo(name) if name else default


def all_zones() -> tuple[ZoneInfo, ...]:
    return ZoneInfo(WIB), ZoneInfo(WITA), ZoneInfo(WIT)
