"""Catalogue directories: what is read, and how every mistake is reported."""

from pathlib import Path

import pytest

from parsers.catalogue import Agency, Category
from store.catalogue import CatalogueError, default_catalogue, load

CATEGORIES = "code,name,aliases,keywords,parent,handles,area\n"
AGENCIES = "code,name,aliases,keywords,parent,handles,area\n"


def directory(path: Path, categories: str, agencies: str, rules: str | None = None) -> Path:
    (path / "categories.csv").write_text(CATEGORIES + categories, encoding="utf-8")
    (path / "agencies.csv").write_text(AGENCIES + agencies, encoding="utf-8")
    if rules is not None:
        (path / "rules.csv").write_text("category,words,agency,reason\n" + rules, encoding="utf-8")
    return path


def test_a_city_brings_its_own(tmp_path: Path) -> None:
    catalogue = load(
        directory(
            tmp_path,
            "AIR,Air,,,,,\n"
            'KRAN,"Kran umum, sumur",kran|sumur bor,kran bocor|air?,AIR,PAM|CAMAT?,\n',
            "PAM,Perumda Air,pam kota,,,,73.71\nCAMAT,Camat,,,,,\n",
            "KRAN,sumur bor,CAMAT,sumur bor diurus camat\n",
        )
    )
    assert catalogue.topics == (
        Category(
            code="KRAN",
            name="Kran umum, sumur",
            parent=("AIR", "Air"),
            aliases=("kran", "sumur bor"),
            keywords=("kran bocor",),
            hints=("air",),
            handles=("PAM", "CAMAT"),
            seldom=("CAMAT",),
        ),
    )
    assert catalogue.agencies["PAM"] == Agency(
        code="PAM", name="Perumda Air", aliases=("pam kota",), area="73.71"
    )
    assert [rule.agency for rule in catalogue.rules] == ["CAMAT"]


def test_names_alone_are_enough(tmp_path: Path) -> None:
    (tmp_path / "categories.csv").write_text("code,name\nA,Jalan\n", encoding="utf-8")
    (tmp_path / "agencies.csv").write_text("code,name\nB,Dinas Jalan\n", encoding="utf-8")
    assert [topic.name for topic in load(tmp_path).topics] == ["Jalan"]


def test_every_mistake_is_reported_with_file_line_and_reason(tmp_path: Path) -> None:
    path = directory(
        tmp_path,
        "A,Jalan,,,,TIDAKADA,\nA,Jalan lagi,,,,,\n,Tanpa kode,,,,,\n"
        "B,Pohon,,,X,,\nC,terlalu,pendek\n",
        "D,Dinas,,,,Z,\nE,Dinas lain,,,,,99.9\n",
        "A,,D,\nQ,kata,R,\n",
    )
    with pytest.raises(CatalogueError) as error:
        load(path)
    assert sorted(str(error.value).splitlines()) == [
        "agencies.csv line 2: handles: Z is not a category.",
        "agencies.csv line 3: area 99.9 is not a Kemendagri code such as 32.04.",
        "categories.csv line 2: handles: TIDAKADA is not an agency.",
        "categories.csv line 3: code A is already on line 2.",
        "categories.csv line 4: code and name must not be empty.",
        "categories.csv line 5: parent X is not a category.",
        "categories.csv line 6: 3 fields instead of 7.",
        "rules.csv line 2: words must not be empty.",
        "rules.csv line 3: agency 'R' is not known.",
        "rules.csv line 3: category 'Q' is not known.",
    ]


@pytest.mark.parametrize(
    ("head", "line"),
    [
        ("code,nama\n", "categories.csv line 1: column unknown 'nama', missing 'name'."),
        ('code,name\n"A,Jalan\n', "categories.csv line 2: unexpected end of data."),
    ],
)
def test_unreadable_table(tmp_path: Path, head: str, line: str) -> None:
    path = directory(tmp_path, "", "D,Dinas,,,,,\n")
    (path / "categories.csv").write_text(head, encoding="utf-8")
    with pytest.raises(CatalogueError) as error:
        load(path)
    assert str(error.value) == line


def test_spreadsheets_of_indonesia_write_semicolons(tmp_path: Path) -> None:
    (tmp_path / "categories.csv").write_text("code;name\nA;Jalan, jembatan\n", encoding="utf-8")
    (tmp_path / "agencies.csv").write_text("\ufeffname\nDinas Jalan\n", encoding="utf-8")
    assert load(tmp_path).categories["A"].name == "Jalan, jembatan"
    assert list(load(tmp_path).agencies) == ["Dinas Jalan"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"code,name\nA,Jalan\nB,Caf\xe9\n", "line 3: byte 0xe9 is not UTF-8: save it as"),
        ("code,name\n".encode("utf-16"), "is UTF-16: save it as"),
        (b"PK\x03\x04", "is a workbook (xlsx, ods): save it as"),
    ],
)
def test_wrong_encodings(tmp_path: Path, content: bytes, line: str) -> None:
    path = directory(tmp_path, "", "D,Dinas,,,,,\n")
    (path / "categories.csv").write_bytes(content)
    with pytest.raises(CatalogueError) as error:
        load(path)
    assert line in str(error.value)
    assert str(error.value).startswith("categories.csv")


@pytest.mark.parametrize(
    ("file", "rows", "line"),
    [
        ("categories", "A,Satu,B\nB,Dua,A\n", "line 2: parent: A would be above itself."),
        ("agencies", "A,Satu,A\n", "line 2: parent: A would be above itself."),
        ("agencies", "A,Satu,PUSAT\n", "line 2: parent PUSAT is not an agency."),
        ("categories", "A,Satu,X\n", "line 2: parent X is not a category."),
    ],
)
def test_who_stands_above_whom(tmp_path: Path, file: str, rows: str, line: str) -> None:
    path = directory(tmp_path, "T,Topik,,,,,\n", "D,Dinas,,,,,\n")
    (path / f"{file}.csv").write_text(f"code,name,parent\n{rows}", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"^\w+\.csv") as error:
        load(path)
    assert line in str(error.value)


def test_one_table_may_be_empty_for_who_only_sorts_by_the_other(tmp_path: Path) -> None:
    assert load(directory(tmp_path, "T,Topik,,,,,\n", "")).agencies == {}
    assert load(directory(tmp_path, "", "D,Dinas,,,,,\n")).topics == ()
    with pytest.raises(CatalogueError, match=r"neither has a row\.$"):
        load(directory(tmp_path, "", ""))


def test_a_topic_may_be_the_head_of_its_own_group(tmp_path: Path) -> None:
    path = directory(tmp_path, "A,Air,,,A,,\nK,Kran,,,A,,\n", "D,Dinas,,,,,\n")
    assert [topic.code for topic in load(path).topics] == ["K"]


def test_missing_files_are_both_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError) as error:
        load(tmp_path)
    assert [line.split(":")[0] for line in str(error.value).splitlines()] == [
        "categories.csv",
        "agencies.csv",
    ]


def test_national_catalogue_is_complete() -> None:
    """91 routing topics and the 12 official topics that have none (docs of the taxonomy, 2025)."""
    catalogue = default_catalogue()
    assert len(catalogue.topics) == 91 + 12
    assert len({topic.parent for topic in catalogue.topics if topic.parent}) == 26
    assert len(catalogue.governments) == 38 + 514
    assert catalogue.governments["32.04"].code == "PEMKAB_3204"
    assert catalogue.current("KOMINFO") == ("KOMDIGI",)
    assert catalogue.current("POLRI") == ("POLRI",)
