"""Files of complaints, and what became of them."""

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from click.testing import Result
from sqlalchemy import text
from sqlmodel import SQLModel

from gateway.runtime import Runtime
from gateway.settings import ROOT
from store.models import Complaint
from tests.harness import rows

CASE = {"tracking": 9600001, "text": "Jalan rusak", "created_at": "2025-11-05"}
DESK = {"agency": "DINAS_PUPR@32.73", "state": "waiting", "at": "2025-11-05T09:00:00+07:00"}
SAMPLE = ROOT / "tests" / "fixtures" / "exchange" / "sp4n_sample.csv"
MAPPING = ROOT / "tests" / "fixtures" / "exchange" / "columns.csv"
WIB = ZoneInfo("Asia/Jakarta")
HEAD = "Tracking ID,Isi Laporan Awal,Tanggal Laporan,Status Laporan"
GOOD = '9200001,"Jalan rusak, tolong",2025-11-05,Proses'
LAST = "9200009,Lampu mati,06/11/2025,Selesai"


def lines(*given: str) -> str:
    return "\n".join(given) + "\n"


def jsonl(*objects: dict[str, Any]) -> str:
    return lines(*(json.dumps(item) for item in objects))


def counts(result: Result) -> dict[str, int]:
    """What `--json` says became of the lines."""
    found = json.loads(result.stdout)
    names = ("read", "added", "updated", "unchanged", "refused")
    return {name: found[name] for name in names if found[name]}


def kept(rt: Runtime) -> dict[int, Complaint]:
    return {row.tracking: row for row in rows(rt, Complaint)}


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=WIB)


def empty(rt: Runtime) -> None:
    with rt.engine.begin() as connection:
        for table in reversed(SQLModel.metadata.sorted_tables):
            connection.execute(table.delete())


def everything(rt: Runtime) -> dict[str, list[tuple[Any, ...]]]:
    with rt.engine.connect() as connection:
        return {
            name: [
                tuple(row) for row in connection.execute(text(f"SELECT * FROM {name} ORDER BY id"))
            ]
            for name in ("complaint", "event", "disposition")
        }
