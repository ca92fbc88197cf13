"""How the reports call their figures, and write them, in English and Indonesian."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from babel.dates import format_date
from babel.numbers import format_decimal, format_percent

from store.reports.numbers import Share

Language = Literal["en", "id"]
NOTHING = "-"


@dataclass(frozen=True, slots=True)
class Change:
    """Growth: 0.2 is a fifth more; None after a period of nothing."""

    rate: float | None


Value = str | int | float | bool | date | Share | Change | None

WORDS: Mapping[str, tuple[str, str]] = {
    "summary": ("Summary", "Ringkasan"),
    "agencies": ("Agencies", "Instansi"),
    "topics": ("Topics", "Topik"),
    "top_topics": ("Top topics", "Topik utama"),
    "channels": ("Channels", "Kanal"),
    "timing": ("Days", "Waktu"),
    "overdue": ("overdue now", "lewat tenggat saat ini"),
    "province": ("Review of a province", "Telaah provinsi"),
    "complaints": ("Complaints", "Laporan"),
    "days": ("Days taken", "Lama penanganan (hari)"),
    "people": ("Reporters", "Pelapor"),
    "activity": ("Agencies that answer", "Keaktifan instansi"),
    "growth": ("Growth", "Pertumbuhan"),
    "groups": ("Side by side", "Perbandingan"),
    "elsewhere": ("From there, with others", "Dari sana, pada instansi lain"),
    "received": ("received", "diterima"),
    "followed_up": ("followed up", "ditindaklanjuti"),
    "in_process": ("in process", "diproses"),
    "untouched": ("untouched", "belum diproses"),
    "unforwarded": ("  of them with no agency yet", "  di antaranya belum didisposisi"),
    "deferred": ("deferred", "ditunda"),
    "archived": ("archived", "diarsipkan"),
    "withdrawn": ("  of them withdrawn", "  di antaranya dicabut pelapor"),
    "rate_of_received": ("followed up of received", "tindak lanjut dari diterima"),
    "rate_of_kept": (
        "followed up of received minus archived",
        "tindak lanjut dari diterima dikurangi arsip",
    ),
    "first_response_median": ("first response, median", "respons pertama, median"),
    "first_response_p90": ("first response, 90 % within", "respons pertama, 90% dalam"),
    "first_response_in_time": ("first response in time", "respons pertama tepat waktu"),
    "completion_median": ("completion, median", "penyelesaian, median"),
    "completion_p90": ("completion, 90 % within", "penyelesaian, 90% dalam"),
    "completion_in_time": ("completion in time", "penyelesaian tepat waktu"),
    "reporters": ("reporters known", "pelapor yang dikenal"),
    "reporters_unknown": ("complaints with reporter not known", "laporan tanpa data pelapor"),
    "asked": ("asked whether satisfied", "ditanya kepuasannya"),
    "answers": ("ratings given", "memberi nilai"),
    "rating_mean": ("mean rating, of 5", "nilai rata-rata, dari 5"),
    "satisfied": ("rating 4 or 5, of the ratings", "nilai 4 atau 5, dari yang menilai"),
    "reopened": ("reopened, of the followed up", "dibuka kembali, dari yang ditindaklanjuti"),
    "level": ("level", "tingkat"),
    "active": ("active", "aktif"),
    "connected": ("connected", "terhubung"),
    "rate": ("active of connected", "aktif dari terhubung"),
    "connected_rate": ("agencies connected", "instansi terhubung"),
    "active_rate": ("agencies active, of connected", "instansi aktif, dari terhubung"),
    "period": ("compared with", "dibandingkan dengan"),
    "previous": ("the period before", "periode sebelumnya"),
    "year_before": ("a year before", "setahun sebelumnya"),
    "from": ("from", "dari"),
    "to": ("to", "sampai"),
    "change": ("change", "perubahan"),
    "code": ("code", "kode"),
    "name": ("name", "nama"),
    "share": ("of all", "dari semua"),
    "duty": ("duty", "jenis"),
    "limit": ("limit, days", "batas, hari"),
    "unit": ("days are", "hari"),
    "count": ("done", "selesai"),
    "median": ("median", "median"),
    "p90": ("90 % within", "90% dalam"),
    "in_time": ("in time", "tepat waktu"),
    "oldest": ("oldest deadline", "tenggat terlama"),
    "unknown": ("not known", "tidak diketahui"),
    "no_agency": ("no agency yet", "belum didisposisi"),
    "total": ("total", "jumlah"),
    "verify": ("first response", "respons pertama"),
    "working": ("working", "kerja"),
    "calendar": ("calendar", "kalender"),
    "kementerian": ("ministries", "kementerian"),
    "lembaga": ("institutions", "lembaga"),
    "pemda": ("local governments", "pemda"),
    "bumn": ("state enterprises", "BUMN"),
    "no_complaints": (
        "There are no complaints in this period.",
        "Tidak ada laporan pada periode ini.",
    ),
    "no_agencies": (
        "No connected agency was imported: activity is not known.",
        "Instansi terhubung belum diimpor: keaktifan tidak diketahui.",
    ),
}


def say(key: str, language: Language) -> str:
    """The word for a key; a name that is none of ours stays as it is."""
    words = WORDS.get(key)
    return words[language == "id"] if words else key


def title(key: str, language: Language) -> str:
    words = say(key, language)
    return words[:1].upper() + words[1:]


def written(value: Value, language: Language) -> str:
    """A figure as people write it: 80.6 % in English, 80,6% in Indonesian."""
    match value:
        case None | Share(whole=0):
            return NOTHING
        case bool():
            return {"en": ("no", "yes"), "id": ("tidak", "ya")}[language][value]
        case Share(part, whole):
            return percent(part / whole, language)
        case Change(rate):
            return NOTHING if rate is None else _signed(rate, language)
        case int():
            return str(format_decimal(value, locale=language))
        case float():
            return str(format_decimal(value, format="#,##0.0", locale=language))
        case date():
            return value.isoformat() if language == "en" else in_words(value)
    return say(value, language)


def _signed(rate: float, language: Language) -> str:
    return ("+" if rate > 0 else "") + percent(rate, language)


def percent(rate: float, language: Language) -> str:
    pattern = "#,##0.0 %" if language == "en" else "#,##0.0%"
    return str(format_percent(rate, format=pattern, locale=language))


def in_words(day: date) -> str:
    """`24 Agustus 2020`."""
    return str(format_date(day, "d MMMM y", locale="id"))


def with_whole(value: Share, language: Language) -> str:
    """A rate beside what it is a part of."""
    of = "of" if language == "en" else "dari"
    part, whole = written(value.part, language), written(value.whole, language)
    return f"{written(value, language)} ({part} {of} {whole})"
