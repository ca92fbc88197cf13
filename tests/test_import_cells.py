"""Dates, statuses, agencies and regions as others write them."""

from datetime import UTC, datetime

import pytest

from store.agency_models import AgencyRow
from store.catalogue import default_catalogue
from store.exchange import values
from store.exchange.names import Names, national_regions
from store.models import ComplaintStatus
from tests.exchange import WIB, at


@pytest.mark.parametrize(
    ("cell", "when"),
    [
        ("2025-11-05", at(2025, 11, 5)),
        ("2025-11-05 14:30", at(2025, 11, 5, 14, 30)),
        ("2025-11-05T14:30:15.25Z", datetime(2025, 11, 5, 14, 30, 15, 250_000, UTC)),
        ("2025-11-05T14:30:15+0900", at(2025, 11, 5, 12, 30, 15)),
        ("05/11/2025", at(2025, 11, 5)),
        ("5/1/2025 7:05", at(2025, 1, 5, 7, 5)),
        ("05-11-2025 14:30", at(2025, 11, 5, 14, 30)),
        ("05.11.2025 14.30.10", at(2025, 11, 5, 14, 30, 10)),
        ("5 November 2025", at(2025, 11, 5)),
        ("Rabu, 5 November 2025 pukul 14.30 WIB", at(2025, 11, 5, 14, 30)),
        ("Jum'at, 15 Agt 2025", at(2025, 8, 15)),
        ("17 Agustus 2025, 10:00 WIT", at(2025, 8, 17, 8)),
        ("29 Feb 2024 23:59 WITA", at(2024, 2, 29, 22, 59)),
    ],
)
def test_dates_as_they_are_written(cell: str, when: datetime):
    assert values.moment(cell, WIB)[0] == when


@pytest.mark.parametrize(
    "cell",
    ["29/02/2025", "2025-13-01", "11/05/25", "45966", "5 Nopember", "besok", "2025-11-05 25:00"],
)
def test_what_is_no_date(cell: str):
    with pytest.raises(values.Wrong):
        values.moment(cell, WIB)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        ("Belum Terverifikasi", "triage"),
        ("Belum Terdisposisi", "triage"),
        ("Terdisposisi ke Dinas Perhubungan", "disposed"),
        ("Belum Ditindaklanjuti", "disposed"),
        ("PROSES", "in_progress"),
        ("Ditindaklanjuti  oleh Instansi", "answered"),
        ("Ditanggapi oleh Pelapor", "commented"),
        ("Selesai", "closed"),
        ("Selesai otomatis dalam 10 hari", "closed"),
        ("Ditunda", "deferred"),
        ("Diarsipkan", "archived"),
        ("Dihapus", "archived"),
        ("in_progress", "in_progress"),
    ],
)
def test_statuses_as_sp4n_shows_them(said: str, status: str):
    assert values.status(said) == ComplaintStatus(status)


@pytest.fixture(scope="module")
def names() -> Names:
    unit = AgencyRow(
        code="KEMENSOS/BANSOS",
        name="Direktorat Bansos",
        updated_at=datetime(2025, 1, 1, tzinfo=UTC),
    )
    return Names(default_catalogue(), [unit], national_regions())


@pytest.mark.parametrize(
    ("said", "place", "code"),
    [
        ("KEMENSOS", "", "KEMENSOS"),
        ("kemensos", "", "KEMENSOS"),
        ("Kementerian  Sosial", "", "KEMENSOS"),
        ("Direktorat Bansos", "", "KEMENSOS/BANSOS"),
        ("KEMENSOS/BANSOS", "", "KEMENSOS/BANSOS"),
        ("Pemerintah Provinsi DKI Jakarta", "", "PEMPROV_31"),
        ("Pemkab. Bandung", "", "PEMKAB_3204"),
        ("Dinas Perhubungan Kota Bandung", "", "DISHUB@32.73"),
        ("Dinas Perhubungan Pemerintah Kota Bandung", "", "DISHUB@32.73"),
        ("Dinas Perhubungan Bandung", "", ""),  # Kab. or Kota
        ("Dishub", "32.73.02", "DISHUB@32.73"),
        ("Dishub", "32", ""),
        ("Dishub", "", ""),
        ("DISHUB@32.73", "", "DISHUB@32.73"),
        ("DISHUB@99.99", "", ""),
        ("DISHUB", "", ""),  # one stands in each kabupaten: which?
        ("Instansi Khayalan", "32.73", ""),
    ],
)
def test_agencies_by_code_name_and_place(names: Names, said: str, place: str, code: str):
    assert names.agency(said, place) == code


@pytest.mark.parametrize(
    ("parts", "found"),
    [
        (("Jawa Barat", "Kota Bandung", "Coblong"), ("32.73.02", True)),
        (("PROV. JAWA BARAT", "KAB. BANDUNG", "Kec. Soreang"), ("32.04.37", True)),
        (("", "Kota Bandung", "Coblong", "Kel. Dago"), ("32.73.02.1004", True)),
        (("Daerah Istimewa Yogyakarta", "Bantul"), ("34.02", True)),
        (("DKI Jakarta", "Kota Jakarta Pusat"), ("31.71", True)),
        (("Papua", "Kabupaten Merauke"), ("93.01", True)),  # Papua Selatan since 2022
        (("Jawa Barat", "Bandung"), ("32", False)),
        (("Jawa Barat", "", "Coblong"), ("32", False)),
        (("Atlantis",), ("", False)),
    ],
)
def test_regions_by_exact_name(names: Names, parts: tuple[str, ...], found: tuple[str, bool]):
    assert names.regions.find(*parts) == found
