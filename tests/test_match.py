"""Category and agency: what the words lead to, and when nobody is sure."""

import math

import pytest

from parsers.agency import AgencyMatcher
from parsers.catalogue import Agency, Catalogue, Category
from parsers.learned import Verdict
from parsers.match import Calibration, Words
from parsers.text import tokenise
from parsers.understand import Thresholds, Understander
from store.gazetteer import default_gazetteer
from store.understander import build_understander, load_tables


@pytest.fixture(scope="module")
def nation() -> Understander:
    return build_understander(default_gazetteer(), Thresholds())


SURE_CATEGORIES = {
    "jln rsk prh bnyk lobang": "JALAN_RUSAK",
    "jalannya pada bolong2 aspal rusak": "JALAN_RUSAK",
    "lampu penerangan jalan mati sejak kemarin": "PJU",
    "listrik padam terus dari pagi": "LISTRIK_PADAM",
    "smph numpuk blm diangkut": "SAMPAH",
    "gorong2 mampet": "DRAINASE",
    "air pdam tdk keluar 3 hari": "PDAM",
    "ktp el blm jadi sdh 3 bln": "KTP",
    "pkh saya tidak cair bansos hilang": "BANSOS",
    "sertifikat tanah ptsl belum jadi": "TANAH_SERTIFIKAT",
    "bpjs kesehatan nonaktif": "BPJS_KES",
    "pinjol ilegal sebar data": "PINJOL",
    "jukir liar minta uang parkir mahal": "PARKIR",
    "pohon tumbang nutup jalan": "POHON",
    "gaji karyawan belum dibayar dua bulan": "GAJI_NAKER",
    "antrian paspor di kantor imigrasi penuh": "IMIGRASI",
    "gas melon langka harga mahal": "LPG",
    "porsi haji dan pelunasan haji": "HAJI",
    "kereta api telat terus": "KERETA",
    "pupuk subsidi langka petani susah": "PUPUK",
    "situs judi online belum diblokir": "JUDOL",
    "runtah numpuk teu diangkut": "SAMPAH",
    "dalane rusak akeh lobang": "JALAN_RUSAK",
    "trotar rusak dan berlubang, trotoar hilang": "TROTOAR",
    "lstrik padm lagi": "LISTRIK_PADAM",
}


@pytest.mark.parametrize(("text", "code"), SURE_CATEGORIES.items())
def test_clear_trouble_is_sure(nation: Understander, text: str, code: str) -> None:
    found = nation.understand(text).category
    assert found is not None
    assert (found.code, found.sure) == (code, True)


UNSURE = (
    "mohon bantuan pak, ada masalah di tempat kami",
    "rusak parah",
    "di depan pasar dekat puskesmas",
    "jalan",
    "tolong segera ditindaklanjuti",
    "air",
)


@pytest.mark.parametrize("text", UNSURE)
def test_vague_words_are_not_sure(nation: Understander, text: str) -> None:
    found = nation.understand(text, area="32.73")
    assert not any(candidate.sure for candidate in (*found.categories, *found.agencies))


def test_landmark_is_not_the_trouble(nation: Understander) -> None:
    found = nation.understand("sampah menumpuk di depan puskesmas dekat stasiun")
    assert (found.categories[0].code, found.categories[0].sure) == ("SAMPAH", True)


def test_what_is_said_first_is_the_trouble(nation: Understander) -> None:
    found = nation.understand(
        "sampah tidak diangkut, bau sampai ke puskesmas dan sekolah anak kami"
    )
    assert found.categories[0].code == "SAMPAH"


CHANCES = {0.5: 50.0, 0.75: 75.0, 0.0: 0.2, 1.0: 99.8}


@pytest.mark.parametrize(("share", "score"), CHANCES.items())
def test_level_0_and_slope_1_leave_a_share_as_it_is(share: float, score: float) -> None:
    assert Calibration(level=0.0, slope=1.0).score(share) == pytest.approx(score)


def test_scores_after_the_best_share_what_is_left() -> None:
    scores = Calibration(level=math.log(3), slope=1.0).scores([0.5, 0.3, 0.1])
    assert scores == pytest.approx([75.0, 15.0, 5.0])


def test_two_troubles_are_both_candidates_and_not_sure(nation: Understander) -> None:
    found = nation.understand("jalan rusak dan sampah menumpuk")
    assert {c.code for c in found.categories[:2]} == {"JALAN_RUSAK", "SAMPAH"}
    assert not found.categories[0].sure


def test_candidate_carries_parent_and_reason(nation: Understander) -> None:
    found = nation.understand("lampu jalan mati").category
    assert found is not None
    assert found.parent == ("PERHUBUNGAN", "Perhubungan")
    assert found.reason.startswith("disebut: lampu jalan mati")


AGENCIES = {  # text, area known: agency, sure
    ("jalan berlubang parah", "32.04"): ("DINAS_PUPR@32.04", True),
    ("jalan berlubang parah", None): ("DINAS_PUPR", False),
    ("jalan berlubang parah", "32"): ("DINAS_PUPR", False),
    ("jalan nasional pantura rusak parah", "33.29"): ("KEMEN_PU", True),
    ("jalan tol rusak berlubang", None): ("BUMN_JASAMARGA", True),
    ("ppdb sma negeri zonasi curang", "32.73"): ("DISDIK_PROV@32", True),
    ("ppdb smp negeri zonasi curang", "32.73"): ("DISDIK_KABKOTA@32.73", True),
    ("listrik padam terus", "32.73"): ("BUMN_PLN", True),
    # street lamps and trees belong to one department here and to another there
    ("lampu jalan mati", "32.73"): ("DISHUB@32.73", False),
    ("pohon tumbang nutup jalan", "32.73"): ("DLH@32.73", False),
    ("sampah menumpuk belum diangkut", "32.73"): ("DLH@32.73", True),
    ("pkh belum cair", "32.73"): ("KEMENSOS", False),
    ("banjir tiap hujan, gorong gorong mampet", "32.73"): ("DINAS_PUPR@32.73", True),
    ("sertifikat tanah ptsl belum jadi", "32.73"): ("KEMEN_ATRBPN", True),
    ("pkh dari kemensos belum cair bansos", "32.73"): ("KEMENSOS", True),
    ("bansos belum cair", "32.73"): ("KEMENSOS", False),
    ("blokir situs judi online kominfo", None): ("KOMDIGI", True),
    ("pelayanan kelurahan lambat petugas tidak ramah", "32.73.02.1004"): (
        "KELURAHAN@32.73.02.1004",
        True,
    ),
    ("pelayanan kelurahan lambat petugas tidak ramah", "32.73"): ("KELURAHAN@32.73", False),
    ("kementerian pupr tolong jalan nasional hancur", None): ("KEMEN_PU", True),
}


@pytest.mark.parametrize(("said", "expected"), AGENCIES.items(), ids=str)
def test_agency_by_topic_level_place_and_name(
    nation: Understander, said: tuple[str, str | None], expected: tuple[str, bool]
) -> None:
    text, area = said
    found = nation.understand(text, area=area).agency
    assert found is not None
    assert (found.code, found.sure) == expected


def test_local_office_is_named_with_its_area(nation: Understander) -> None:
    found = nation.understand("sampah menumpuk", area="32.04").agency
    assert found is not None
    assert found.name == "Dinas Lingkungan Hidup Kabupaten Bandung"


OFFICES = Catalogue(
    [
        Category(code="LAMP", name="Lampu jalan", handles=("TRANSPORT", "HOUSING")),
        Category(code="WASTE", name="Sampah", handles=("CLEANING", "HOUSING"), seldom=("HOUSING",)),
        Category(code="OTHER", name="Lain-lain"),
    ],
    [
        Agency(code="TRANSPORT", name="Dinas Perhubungan"),
        Agency(code="HOUSING", name="Dinas Perumahan"),
        Agency(code="CLEANING", name="Dinas Kebersihan"),
    ],
)
LEARNT = {  # text, topics and the office that examples say: whether it is sure
    "competence is settled": ("sampah", {"WASTE": 0.95}, "CLEANING", True),
    "another office may have it": ("lampu", {"LAMP": 0.95}, "TRANSPORT", False),
    "the text names which": ("lampu, dinas perhubungan", {"LAMP": 0.95}, "TRANSPORT", True),
    "examples against the table": ("sampah", {"WASTE": 0.95}, "HOUSING", False),
    "the topic is in doubt": ("sampah", {"WASTE": 0.5, "LAMP": 0.4}, "CLEANING", False),
    "the table says nothing": ("aneh", {"OTHER": 0.95}, "HOUSING", True),
}


@pytest.mark.parametrize(("text", "topics", "office", "sure"), LEARNT.values(), ids=LEARNT)
def test_examples_are_sure_of_an_office_only_where_the_table_leads_there(
    text: str, topics: dict[str, float], office: str, sure: bool
) -> None:
    words = Words(load_tables().lexicon, OFFICES.texts())
    matcher = AgencyMatcher(OFFICES, words, area_name=str, sure=89, margin=8)
    reading = words.read(words.normaliser(tokenise(text)))
    verdict = Verdict(shares={office: 0.95}, sure=True, roots=(), words=())
    best = matcher.taught(verdict, reading, topics, "32.73")[0]
    assert (best.code, best.sure) == (office, sure)


def test_unknown_trouble_falls_to_the_local_government_unsurely(nation: Understander) -> None:
    found = nation.understand("ada hal aneh sekali", area="32.04").agency
    assert found is not None
    assert (found.code, found.sure) == ("PEMKAB_3204", False)


def test_city_with_names_only_still_finds_category_and_office() -> None:
    city = Catalogue(
        [
            Category(code="1", name="Pemangkasan Pohon"),
            Category(code="2", name="Jalan Rusak dan Berlubang"),
            Category(code="3", name="Penerangan Jalan"),
        ],
        [
            Agency(code="X", name="Dinas Pertamanan", keywords=("pohon", "taman")),
            Agency(code="Y", name="Dinas Bina Marga", keywords=("jalan rusak",)),
        ],
    )
    reader = Understander(city, default_gazetteer(), load_tables(), Thresholds())
    found = reader.understand("tolong dipangkas pohonnya sudah terlalu tinggi")
    assert found.category is not None
    assert found.category.code == "1"
    assert found.agency is not None
    assert found.agency.code == "X"


def test_order_of_candidates_does_not_depend_on_blanks(nation: Understander) -> None:
    text = "jalan rusak dan lampu jalan mati"
    assert nation.understand(text).categories == nation.understand(f"  {text} \n\n").categories
