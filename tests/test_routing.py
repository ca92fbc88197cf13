"""Desks: a sure one, or what is missing before there is one."""

import pytest

from bots.routing import Missing, Route, decide, duty, secret_from_accused, wished
from parsers.understanding import Candidate, Kind, PlaceCandidate, Understanding
from store.models import Privacy

CITY = PlaceCandidate("32.73", "kabkota", "Kota Bandung", 95, sure=True)
DISTRICT = PlaceCandidate("32.73.02", "kecamatan", "Coblong", 95, sure=True)
TWIN = PlaceCandidate("32.73", "kabkota", "Kota Bandung", 60, sure=False)
PROVINCE = PlaceCandidate("32", "provinsi", "Jawa Barat", 95, sure=True)
ELSEWHERE = PlaceCandidate("35.78", "kabkota", "Kota Surabaya", 95, sure=True)
ROAD = Candidate("JALAN_RUSAK", "Jalan rusak", 90, sure=True)
DOUBT = Candidate("JALAN_RUSAK", "Jalan rusak", 50, sure=False)


def test_a_finer_guess_before_the_sure_place_does_not_hide_it() -> None:
    guess = PlaceCandidate("32.73.02.1004", "kelurahan_desa", "Dago", 70, sure=False)
    seen = Understanding(
        kind=Kind.COMPLAINT,
        body="x",
        categories=(ROAD,),
        agencies=(agency("DINAS_PUPR@32.73"),),
        places=(guess, CITY),
    )
    route = decide(seen, local=True)
    assert (route.agency, route.place) == ("DINAS_PUPR@32.73", CITY)


def agency(code: str, *, sure: bool = True) -> Candidate:
    return Candidate(code, code, 90, sure=sure)


@pytest.mark.parametrize(
    ("category", "desk", "place", "local", "expected"),
    [
        pytest.param(
            ROAD, agency("DINAS_PUPR@32.73"), DISTRICT, True, "DINAS_PUPR@32.73", id="named place"
        ),
        pytest.param(
            ROAD, agency("DINAS_PUPR@32.73"), None, True, Missing.PLACE, id="only the person's past"
        ),
        pytest.param(
            ROAD, agency("DINAS_PUPR@32.73"), ELSEWHERE, True, Missing.DESK, id="another place"
        ),
        pytest.param(
            ROAD, agency("DINAS_PUPR@32.73"), TWIN, True, Missing.PLACE, id="ambiguous place"
        ),
        pytest.param(
            ROAD, agency("DINAS_PUPR", sure=False), None, True, Missing.PLACE, id="no place"
        ),
        pytest.param(
            ROAD,
            agency("DINAS_PUPR", sure=False),
            PROVINCE,
            True,
            Missing.PLACE,
            id="province only",
        ),
        pytest.param(
            ROAD, agency("DISDIK_PROV@32"), PROVINCE, True, "DISDIK_PROV@32", id="province's office"
        ),
        pytest.param(ROAD, agency("BUMN_PLN"), None, False, "BUMN_PLN", id="national desk"),
        pytest.param(
            ROAD,
            agency("BUMN_PLN", sure=False),
            None,
            False,
            Missing.DESK,
            id="unsure national desk",
        ),
        pytest.param(DOUBT, None, CITY, True, Missing.DESK, id="a guess goes to a person"),
        pytest.param(None, None, None, False, Missing.PLACE, id="nothing known: ask where"),
        pytest.param(None, None, CITY, False, Missing.DESK, id="only a place: a person reads"),
    ],
)
def test_decide(category, desk, place, local, expected) -> None:
    seen = Understanding(
        kind=Kind.COMPLAINT,
        body="x",
        categories=(category,) if category else (),
        agencies=(desk,) if desk else (),
        places=(place,) if place else (),
    )
    route = decide(seen, local=local)
    assert (route.agency or route.missing) == expected
    assert (route.missing is Missing.NOTHING) == (route.agency is not None)


@pytest.mark.parametrize(
    ("kind", "default_class", "expected"),
    [
        (Kind.COMPLAINT, "pengaduan_lapangan", "inspection"),
        (Kind.COMPLAINT, "pengaduan_tanpa_lapangan", "complaint"),
        (Kind.COMPLAINT, "informasi_keluhan", "information"),
        (Kind.COMPLAINT, "covid_khusus", "verify"),
        (Kind.COMPLAINT, "", "complaint"),
        (Kind.ASPIRATION, "pengaduan_lapangan", "information"),
        (Kind.INFORMATION_REQUEST, "", "information"),
    ],
)
def test_duty(kind, default_class, expected) -> None:
    assert duty(kind, default_class) == expected


def test_a_secret_report_goes_to_no_named_office_even_if_its_reporter_picks_it() -> None:
    office = Candidate("DISHUB@32.73", "Dinas Perhubungan", 60.0, named=True)
    heard = Understanding(kind=Kind.COMPLAINT, body="", agencies=(office,))
    seen = wished(heard, office.code, office.name)
    route = Route(None, office.code, None, Missing.NOTHING)
    assert secret_from_accused(route, seen, Privacy.CONFIDENTIAL).agency is None
    assert secret_from_accused(route, seen, Privacy.ANONYMOUS).agency == office.code
