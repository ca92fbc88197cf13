"""The shipped gazetteer: complete, consistent, and readable without a network."""

import csv
import gzip
import io
from collections import Counter

import pytest

from parsers.places.pins import PinMap
from store.gazetteer import SEED, default_gazetteer, load_pins


def rows(name: str) -> list[list[str]]:
    content = (SEED / name).read_bytes()
    text = gzip.decompress(content) if name.endswith(".gz") else content
    return list(csv.reader(io.StringIO(text.decode())))[1:]


@pytest.fixture(scope="module")
def codes() -> set[str]:
    return {code for code, _ in rows("wilayah.csv.gz")}


@pytest.fixture(scope="module")
def pins() -> PinMap:
    return load_pins()


def test_every_region_of_the_decree_is_there(codes: set[str]) -> None:
    assert Counter(map(len, codes)) == {2: 38, 5: 514, 8: 7285, 13: 83762}


def test_every_region_lies_in_another(codes: set[str]) -> None:
    assert all(len(code) == 2 or code[: -len(code.rsplit(".")[-1]) - 1] in codes for code in codes)


def test_names_have_no_stray_blanks() -> None:
    assert all(name == " ".join(name.split()) for _, name in rows("wilayah.csv.gz"))


def test_every_alias_names_a_province_a_kabkota_or_a_kecamatan(codes: set[str]) -> None:
    large = {code for code in codes if len(code) <= 8}
    for alias, named, bare in rows("abbreviations.csv"):
        assert set(named.split("|")) <= large, alias
        assert bare in {"0", "1", "2"}, alias


def test_every_postcode_belongs_to_a_desa(codes: set[str]) -> None:
    table = {postcode: named.split() for postcode, named in rows("kodepos.csv.gz")}
    assert all(len(postcode) == 5 for postcode in table)
    assert {code for named in table.values() for code in named} == {
        c for c in codes if len(c) == 13
    }


def test_population_covers_every_kabkota(codes: set[str]) -> None:
    counted = {code for code, total in rows("penduduk.csv") if int(total) > 0}
    assert {code for code in codes if len(code) == 5} <= counted


@pytest.mark.parametrize(
    ("place", "lat", "lon", "district"),
    [
        ("Monas", -6.1754, 106.8272, "31.71.01"),
        ("Institut Teknologi Bandung", -6.8915, 107.6107, "32.73.02"),
        ("Titik Nol Yogyakarta", -7.8014, 110.3646, "34.71.10"),
        ("Pantai Kuta", -8.7180, 115.1690, "51.03.01"),
    ],
)
def test_a_pin_lies_in_its_kecamatan(
    pins: PinMap, place: str, lat: float, lon: float, district: str
) -> None:
    found = pins.at(lat, lon)
    assert found is not None, place
    assert found.district == district
    assert found.village is not None
    assert found.village.startswith(district)


@pytest.mark.parametrize(
    ("place", "lat", "lon"),
    [
        ("Singapore", 1.2900, 103.8500),
        ("Johor Bahru", 1.4927, 103.7414),
        ("Dili", -8.5569, 125.5603),
        ("Java Sea", -5.5, 108.5),
        ("Gulf of Guinea", 0.0, 0.0),
    ],
)
def test_abroad_and_at_sea_there_is_no_kecamatan(
    pins: PinMap, place: str, lat: float, lon: float
) -> None:
    assert pins.at(lat, lon) is None, place


def test_a_pin_a_few_steps_off_the_shore_still_counts() -> None:
    square = [[[[0.0, 0.0], [0.0, 1.0], [1.0, 1.0], [1.0, 0.0], [0.0, 0.0]]]]
    pins = PinMap({"32.01.01": square}, [("32.01.01.1001", 0.5, 0.5)])
    near, far = pins.at(-0.004, 0.5), pins.at(-0.008, 0.5)
    assert near is not None
    assert near.village == "32.01.01.1001"
    assert far is None


def test_a_hole_in_a_polygon_belongs_to_the_one_inside() -> None:
    outer = [[0.0, 0.0], [0.0, 3.0], [3.0, 3.0], [3.0, 0.0]]
    inner = [[1.0, 1.0], [1.0, 2.0], [2.0, 2.0], [2.0, 1.0]]
    pins = PinMap({"32.01.01": [[outer, inner]], "32.01.02": [[inner]]}, [])
    found = pins.at(1.5, 1.5)
    assert found is not None
    assert (found.district, found.village) == ("32.01.02", None)


def test_the_gazetteer_is_built_once() -> None:
    assert default_gazetteer() is default_gazetteer()
