"""What Telegram shows of 1708 before anything is said: its commands and what it is."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Menu:
    """In one language: https://core.telegram.org/bots/api#setmycommands and the two after it."""

    commands: Mapping[str, str]
    about: str  # in the profile and beside a shared link; at most 120 characters
    welcome: str  # in an empty chat, above the button START; at most 512 characters


MENUS: Mapping[str, Menu] = {  # by language_code; "" is for everybody else
    "": Menu(
        {
            "start": "Mulai melapor",
            "status": "Cek laporan: /status lalu nomornya",
            "bantuan": "Cara memakai 1708",
            "batal": "Batalkan laporan terakhir",
            "bahasa": "Ganti bahasa: /bahasa id atau /bahasa en",
        },
        "Keluhan layanan publik ke SP4N-LAPOR! Tulis apa yang terjadi dan di mana.",
        "Ini 1708 LAPOR!, pengaduan layanan publik seluruh Indonesia.\n\n"
        "Tulis apa yang terjadi dan di mana, boleh dengan foto dan lokasi. "
        "Anda mendapat nomor laporan dan kabar sampai selesai.\n\n"
        "Keadaan darurat: telepon 112.",
    ),
    "en": Menu(
        {
            "start": "Start a report",
            "status": "Check a report: /status and its number",
            "bantuan": "How to use 1708",
            "batal": "Undo your last report",
            "bahasa": "Change language: /bahasa id or /bahasa en",
        },
        "Report problems with public services to SP4N-LAPOR! Say what happened and where.",
        "This is 1708 LAPOR!, for complaints about public services in all of Indonesia.\n\n"
        "Write what happened and where, with a photo and your location if you like. "
        "You get a report number and news until it is solved.\n\n"
        "Emergency: call 112.",
    ),
}
