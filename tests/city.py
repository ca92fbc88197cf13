"""An invented town that brings a catalogue of its own, with names only."""

from itertools import product
from pathlib import Path

BALARAJA = "36.03.01.1001"  # a kelurahan; the estate below is invented
TOPICS = {
    "AIR": "Air kran mati",
    "LAMPU": "Lampu jalan padam",
    "SAMPAH": "Sampah menumpuk",
    "POHON": "Pohon tumbang",
}
AGENCIES = {
    "PAM": "Perumda Tirta Klopotan",
    "TERANG": "Unit Penerangan Jalan",
    "BERSIH": "Unit Kebersihan",
    "TAMAN": "Unit Pertamanan",
}
AREAS = f"code,alias,keyword\n{BALARAJA},Griya Klopotan,\n36.03.01,KLP,ya\n"
SAID = {
    ("AIR", "PAM"): ("kran tidak mengalir", "air ledeng keruh", "pipa air bocor", "air mati"),
    ("LAMPU", "TERANG"): ("lampu jalan padam", "pju mati", "lampu gang redup", "tiang gelap"),
    ("SAMPAH", "BERSIH"): ("sampah menumpuk", "bak sampah penuh", "sampah bau", "tps meluber"),
    ("POHON", "TAMAN"): ("pohon tumbang", "dahan patah", "ranting menjuntai", "pohon miring"),
}
SPOTS = ("dekat rumah saya", "di gang kami sejak kemarin", "depan warung", "sudah tiga hari")


def bring(folder: Path) -> Path:
    """categories.csv and agencies.csv with `code,name`, and areas.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in (("categories", TOPICS), ("agencies", AGENCIES)):
        rows = [f"{code},{label}" for code, label in table.items()]
        (folder / f"{name}.csv").write_text("\n".join(["code,name", *rows]), encoding="utf-8")
    (folder / "areas.csv").write_text(AREAS, encoding="utf-8")
    return folder


def examples(path: Path) -> Path:
    """64 invented messages with their labels."""
    rows = [
        f"{trouble} {spot},{topic},{agency}"
        for ((topic, agency), troubles) in SAID.items()
        for trouble, spot in product(troubles, SPOTS)
    ]
    path.write_text("\n".join(["text,category,agency", *rows]), encoding="utf-8")
    return path
