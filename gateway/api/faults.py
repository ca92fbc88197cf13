"""What pydantic finds wrong with a value, in plain words of both languages."""

from collections.abc import Mapping
from typing import Any

from gateway.open311.words import Words

MISSING = Words("Wajib diisi.", "It is missing.")
UNKNOWN = Words("Isian ini tidak dikenal.", "There is no such field.")
TOO_LONG = Words("Paling banyak {most} karakter.", "{most} characters at most.")
TOO_SHORT = Words("Paling sedikit {least} karakter.", "{least} characters at least.")
FEW = Words("Paling sedikit {least} butir.", "{least} items at least.")
MANY = Words("Paling banyak {most} butir.", "{most} items at most.")
SMALLEST = Words("Paling kecil {least}.", "{least} at least.")
LARGEST = Words("Paling besar {most}.", "{most} at most.")
ONE_OF = Words("Salah satu dari {known}.", "One of {known}.")
WHOLE = Words("Isi bilangan bulat.", "Give a whole number.")
NUMBER = Words("Isi bilangan.", "Give a number.")
TEXT = Words("Isi teks.", "Give a text.")
NOT_TEXT = Words("Teks ini bukan Unicode yang benar.", "This text is not valid Unicode.")
YES_NO = Words("Isi true atau false.", "Give true or false.")
DAY = Words("Isi tanggal, misal 2026-11-20.", "Give a date such as 2026-11-20.")
MOMENT = Words(
    "Isi waktu dengan zona (RFC 3339), misal 2026-11-20T00:00:00Z.",
    "Give a time with its zone (RFC 3339) such as 2026-11-20T00:00:00Z.",
)
LIST = Words("Isi daftar [...].", "Give a list [...].")
OBJECT = Words("Isi objek JSON {{...}}.", "Give a JSON object {{...}}.")
FORM = Words(
    "Bentuknya tidak sesuai: kosong, atau berisi karakter yang tidak boleh.",
    "It has not the right form: blank, or with characters that are not allowed.",
)
REPEATED = Words("Hanya boleh sekali.", "It may be given only once.")
OTHER = Words("Nilai ini tidak berlaku.", "This value is not valid.")
BY_TYPE: Mapping[str, Words] = {
    "missing": MISSING,
    "extra_forbidden": UNKNOWN,
    "string_too_long": TOO_LONG,
    "string_too_short": TOO_SHORT,
    "string_type": TEXT,
    "string_unicode": NOT_TEXT,
    "string_pattern_mismatch": FORM,
    "too_short": FEW,
    "too_long": MANY,
    "greater_than_equal": SMALLEST,
    "less_than_equal": LARGEST,
    "literal_error": ONE_OF,
    "enum": ONE_OF,
    "int_type": WHOLE,
    "int_parsing": WHOLE,
    "int_from_float": WHOLE,
    "float_type": NUMBER,
    "float_parsing": NUMBER,
    "finite_number": NUMBER,
    "bool_type": YES_NO,
    "bool_parsing": YES_NO,
    "date_parsing": DAY,
    "date_from_datetime_parsing": DAY,
    "datetime_parsing": MOMENT,
    "datetime_from_date_parsing": MOMENT,
    "timezone_aware": MOMENT,
    "list_type": LIST,
    "model_type": OBJECT,
    "model_attributes_type": OBJECT,
}
LIMITS = {  # what pydantic calls the limits of each kind of value
    "max_length": "most",
    "le": "most",
    "min_length": "least",
    "ge": "least",
    "expected": "known",
}


class Unfit(ValueError):
    """Raised by a check of our own, with what to say."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


def of(error: Mapping[str, Any]) -> Words:
    """Of one of the errors that pydantic lists."""
    given = error.get("ctx", {})
    if isinstance(own := given.get("error"), Unfit):
        return own.words
    found = BY_TYPE.get(error["type"], OTHER)
    fields = {ours: given[theirs] for theirs, ours in LIMITS.items() if theirs in given}
    return Words(*(_said(found.say(each, **fields)) for each in ("id", "en")))


def _said(text: str) -> str:
    """Said once more by whoever answers."""
    return text.replace("{", "{{").replace("}", "}}")
