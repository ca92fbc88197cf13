"""areas.csv: a deployment's own names of places, found, ambiguous, or wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import cli
from gateway.settings import ROOT
from parsers.places.gazetteer import Gazetteer
from parsers.text import tokenise
from store import areas
from store.catalogue import CatalogueError, default_catalogue, load
from store.gazetteer import default_gazetteer, regions

BALARAJA, CANGKUDU = "36.03.01.1001", "36.03.01.2003"  # a kelurahan and a desa of Kec. Balaraja
NAMES = f"""code,alias,keyword
36.03,Tangkota Wetan,
{BALARAJA},Griya Klopotan,
{BALARAJA},Pasar Brebel,tidak
{BALARAJA},Mutiara,
{BALARAJA},Besok,
{CANGKUDU},Cempaka Wungu III,
{CANGKUDU},Kota Tirto,
{BALARAJA},Zubrik,
32.73.02,Zubrik,
{BALARAJA},Wulungkop,
{CANGKUDU},Wulungkop,
36.03.01,KLP,ya
36.03.01,KMBR,ya
36.04,KMBR,ya
36.03,Sukamaju,
"""


def write(folder: Path, text: str, *, encoding: str = "utf-8") -> Path:
    """A small catalogue with these names."""
    (folder / "categories.csv").write_text("code,name\nAIR,Air kran\nLAMPU,Lampu\n")
    (folder / "agencies.csv").write_text("code,name\nPAM,Perumda Air\n")
    (folder / "areas.csv").write_bytes(text.encode(encoding))
    return folder


@pytest.fixture(scope="module")
def gazetteer(tmp_path_factory: pytest.TempPathFactory) -> Gazetteer:
    folder = write(tmp_path_factory.mktemp("city"), NAMES)
    return default_gazetteer(areas=load(folder).areas)


@pytest.mark.parametrize(
    ("text", "code", "said", "sure"),
    [
        ("lampu mati di Griya Klopotan", BALARAJA, "Griya Klopotan", True),
        ("griya klopotan banjir lagi", BALARAJA, "griya klopotan", True),
        ("becek sekali di pasar brebel", BALARAJA, "pasar brebel", True),
        ("di mutiara hilang airnya", "", "", False),  # a word, and desa elsewhere
        ("besok saya datang", "", "", False),
        ("banjir di cempaka wungu 3", CANGKUDU, "cempaka wungu 3", True),
        ("kota tirto gelap gulita", CANGKUDU, "kota tirto", True),
        ("sampah tangkota wetan menumpuk", "36.03", "tangkota wetan", True),
        ("sampah di perumahan griya klopotan", BALARAJA, "griya klopotan", True),
        ("komplek mutiara gelap", "", "", False),  # of other desa as well
        ("sampah di zubrik menumpuk", "32.73.02", "zubrik", False),  # there and in Balaraja
        ("sampah di zubrik bandung", "32.73.02", "zubrik", True),
        ("sampah di wulungkop menumpuk", "36.03.01", "wulungkop", True),  # both lie there
        ("banjir di griya klopotan kab bekasi", "32.16", "bekasi", True),
        ("jl griya klopotan rusak", BALARAJA, "griya klopotan", False),  # a street of that name
        ("lampu mati di klp", "", "", False),  # only a keyword
        ("air mati di sukamaju", "", "", False),  # of many desa, and now of a kabupaten
    ],
)
def test_what_a_text_says(gazetteer: Gazetteer, text: str, code: str, said: str, sure: bool):
    found = gazetteer.find(tokenise(text), text)
    if not code:
        assert not any(place.sure for place in found)
        return
    assert (found[0].code, found[0].text, found[0].sure) == (code, said, sure)


def test_beside_another_city_a_name_is_not_sure(gazetteer: Gazetteer):
    text = "banjir griya klopotan bekasi"
    found = gazetteer.find(tokenise(text), text)
    assert not any(place.sure for place in found)
    assert BALARAJA in {place.code for place in found}


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("KLP", "36.03.01"),
        ("klp", "36.03.01"),
        ("KMBR", None),  # two areas
        ("TANGKAB", "36.03"),
        ("ZUBRIK", None),  # a name of desa and kecamatan, not of a kabupaten
        ("tangkotawetan", "36.03"),
    ],
)
def test_the_first_word_of_a_message(gazetteer: Gazetteer, word: str, code: str | None):
    assert gazetteer.region_keyword(word) == code


def test_the_shipped_gazetteer_learns_nothing_of_them(gazetteer: Gazetteer):
    text = "lampu mati di griya klopotan"
    assert not default_gazetteer().find(tokenise(text), text)
    assert default_gazetteer().region_keyword("KLP") is None
    assert default_catalogue().areas == ()


WRONG = f"""code,alias,keyword
36.99.01,Griya Satu,
3603,Griya Dua,
,Griya Tiga,
36.03,,
36.03,TA,
36.03,12345,
36.03,Blok B Dua Tiga Empat,
36.03,DUA KATA,ya
36.03,Griya Empat,mungkin
36.03,Griya Lima,
36.03,griya-lima,
{BALARAJA},Griya Lima,
36.03,terlalu
"""


def test_every_mistake_is_told_at_once(tmp_path: Path):
    path = write(tmp_path, WRONG)
    (path / "agencies.csv").write_text("code,name,parent\nPAM,Perumda Air,PEMKOT\n")
    with pytest.raises(CatalogueError) as error:
        load(path)
    assert str(error.value).splitlines() == [
        "agencies.csv line 2: parent PEMKOT is not an agency.",
        "areas.csv line 14: 2 fields instead of 3.",
        "areas.csv line 2, code: '36.99.01' is no code of Kemendagri. "
        "Is it 36.01 or 36.01.01 or 36.02.01?",
        "areas.csv line 3, code: '3603' is no code of Kemendagri. Is it 36.03?",
        "areas.csv line 4, code: is empty.",
        "areas.csv line 5, alias: is empty.",
        "areas.csv line 6, alias: 'TA' is too short: 3 letters or digits at least.",
        "areas.csv line 7, alias: '12345' has no letter.",
        "areas.csv line 8, alias: 'Blok B Dua Tiga Empat' has 5 words: 4 at most are read as a "
        "name.",
        "areas.csv line 9, alias: 'DUA KATA' has 2 words: a keyword is one.",
        "areas.csv line 10, keyword: 'mungkin' is neither ya nor tidak.",
        "areas.csv line 12, alias: 'griya-lima' stands on line 11 already.",
    ]


@pytest.mark.parametrize(
    ("text", "encoding", "line"),
    [
        ("code,alias\n36.03,Griya\n", "utf-16", "areas.csv: is UTF-16: save it as `CSV UTF-8`."),
        (
            "code,alias\n36.03,Griya\n36.03,Caf\u00e9\n",
            "latin-1",
            "areas.csv line 3: byte 0xe9 is not UTF-8: save it as `CSV UTF-8`.",
        ),
        ("kode,alias\n", "utf-8", "areas.csv line 1: column 'kode' is not one of code,alias,keyw"),
    ],
)
def test_a_file_that_cannot_be_read(tmp_path: Path, text: str, encoding: str, line: str):
    with pytest.raises(CatalogueError) as error:
        load(write(tmp_path, text, encoding=encoding))
    assert str(error.value).startswith(line)


@pytest.mark.parametrize("text", ["code;alias\n36.03;Griya Klopotan\n", "code,alias\n"])
def test_semicolons_and_an_empty_table_will_do(tmp_path: Path, text: str):
    assert len(load(write(tmp_path, text)).areas) == text.count(";") // 2


def test_what_may_be_meant_otherwise_is_a_warning(tmp_path: Path, gazetteer: Gazetteer):
    path = write(tmp_path, NAMES) / "areas.csv"
    told = [str(each) for each in areas.doubts(areas.read_areas(path, regions()), gazetteer)]
    assert [line for line in told if "also the name of" not in line] == [
        "areas.csv line 5, alias: 'Mutiara' is an ordinary word: it is a place only after a word "
        "such as `di`, `desa`.",
        "areas.csv line 6, alias: 'Besok' is an ordinary word: it is a place only after a word "
        "such as `desa`, `kec`.",
        "areas.csv line 9, alias: 'Zubrik' stands also for 32.73.02 on line 10: it is ambiguous, "
        "and nobody guesses.",
        f"areas.csv line 10, alias: 'Zubrik' stands also for {BALARAJA} on line 9: it is "
        "ambiguous, and nobody guesses.",
        f"areas.csv line 11, alias: 'Wulungkop' stands also for {CANGKUDU} on line 12: it is "
        "ambiguous, and nobody guesses.",
        f"areas.csv line 12, alias: 'Wulungkop' stands also for {BALARAJA} on line 11: it is "
        "ambiguous, and nobody guesses.",
        "areas.csv line 14, alias: 'KMBR' stands also for 36.04 on line 15: it is ambiguous, "
        "and nobody guesses.",
        "areas.csv line 15, alias: 'KMBR' stands also for 36.03.01 on line 14: it is ambiguous, "
        "and nobody guesses.",
    ]
    others = [line.partition(" is also")[0] for line in told if "also the name of" in line]
    assert [line.rpartition(" ")[2] for line in others] == ["'Mutiara'", "'Sukamaju'"]


@pytest.fixture
def lapor() -> Callable[..., Result]:
    runner = CliRunner()
    return lambda *arguments, **more: runner.invoke(cli, arguments, **more)


def test_the_check_of_a_directory(lapor: Callable[..., Result], tmp_path: Path):
    good = lapor("agency", "check", str(write(tmp_path, f"code,alias\n{BALARAJA},Klopotan\n")))
    assert good.exit_code == 0, good.stderr
    assert "2 topics, 1 agencies, 0 rules, 1 names of places" in good.stdout
    assert good.stderr == ""
    doubtful = lapor("agency", "check", str(write(tmp_path, f"code,alias\n{BALARAJA},Besok\n")))
    assert doubtful.exit_code == 0
    assert "Warning: areas.csv line 2, alias: 'Besok' is an ordinary word" in doubtful.stderr
    (tmp_path / "examples.csv").write_text("text,category\nkran mati,AIR\nbanjir,BANJIR\n")
    doubtful = lapor("agency", "check", str(write(tmp_path, "code,alias\n")))
    assert doubtful.exit_code == 0
    assert "Warning: examples.csv line 3: category 'BANJIR' is neither a code" in doubtful.stderr
    wrong = lapor("agency", "check", str(write(tmp_path, WRONG)))
    assert wrong.exit_code == 1
    assert "areas.csv line 4, code: is empty." in wrong.stderr
    assert "11 to correct in" in wrong.stderr
    assert lapor("agency", "check", str(ROOT / "store/seed/catalogue")).stderr == ""
