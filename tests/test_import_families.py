"""`lapor import`: families that a file makes, and those it leaves alone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gateway.runtime import Runtime
from store.exchange.batch import link
from store.families import families
from store.models import Complaint, Event
from tests.exchange import CASE, counts, everything, jsonl, kept
from tests.harness import Lapor, rows, sqlite


def cases(**parents: int | dict[str, Any]) -> str:
    """Complaints 9600001 ... by their last digit: `_2=1` has the first for its parent."""
    found = []
    for name, told in parents.items():
        more = {"parent": 9_600_000 + told} if isinstance(told, int) and told else told or {}
        found.append(CASE | {"tracking": 9_600_000 + int(name[1:])} | dict(more))
    return jsonl(*found)


def parents(rt: Runtime) -> dict[int, int]:
    """By last digits: child -> parent."""
    by_key = {row.id: row.tracking - 9_600_000 for row in rows(rt, Complaint)}
    return {by_key[row.id]: by_key[row.parent_id] for row in rows(rt, Complaint) if row.parent_id}


def links(rt: Runtime) -> list[tuple[int, str, int, bool]]:
    by_key = {row.id: row.tracking - 9_600_000 for row in rows(rt, Complaint)}
    return [
        (by_key[e.complaint_id], e.kind, e.detail["tracking"] - 9_600_000, e.published)
        for e in rows(rt, Event)
        if e.kind in ("linked", "unlinked")
    ]


FAMILIES: dict[str, tuple[str, dict[int, int]]] = {
    "a child": (cases(_1=0, _2=1), {2: 1}),
    "the parent is a member": (cases(_1=0, _2=1, _3=2), {2: 1, 3: 1}),
    "the child has members": (cases(_3=2, _2=1, _1=0), {2: 1, 3: 1}),
    "a circle": (cases(_1=3, _2=1, _3=2), {1: 3, 2: 3}),
    "itself": (cases(_1=1), {}),
    "a secret parent": (cases(_1={"privacy": "rahasia"}, _2=1), {}),
    "a secret child": (cases(_1=0, _2={"privacy": "rahasia", "parent": 9600001}), {}),
    "a withdrawn parent": (cases(_1={"status": "withdrawn"}, _2=1), {}),
    "an archived parent": (cases(_1={"status": "archived"}, _2=1), {}),
    "an archived child": (cases(_1=0, _2={"status": "archived", "parent": 9600001}), {}),
}


@pytest.mark.parametrize(("content", "family"), FAMILIES.values(), ids=FAMILIES)
@sqlite
def test_a_file_makes_families_by_their_rules(
    lapor: Lapor,
    runtime: Runtime,
    write: Callable[..., Path],
    content: str,
    family: dict[int, int],
):
    file = write(content, "in.jsonl")
    lapor("import", file)
    assert parents(runtime) == family
    before = everything(runtime)
    lapor("import", file)
    assert everything(runtime) == before


def test_a_family_of_a_file_is_told_in_its_history_and_to_nobody(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", write(cases(_1=0, _2=1), "in.jsonl"))
    assert sorted(links(runtime)) == [(1, "linked", 2, True), (2, "linked", 1, True)]


@sqlite
def test_why_a_child_stays_as_it_is_is_said(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path]
):
    lapor("import", write(cases(_1={"privacy": "rahasia"}, _2=0), "in.jsonl"))
    said: list[tuple[int, str]] = []
    with runtime.transaction() as session:
        pairs = {9600002: 9600001, 9600001: 9699999}
        done = link(session, pairs, now=runtime.now(), warn=lambda *words: said.append(words))
    assert (done, said) == (
        (0, 1),
        [(9600002, "complaint 9600001 is confidential: it belongs to no family")],
    )


@pytest.mark.parametrize("to", [None, 9600003])
def test_what_an_officer_decided_on_a_family_is_not_undone(
    lapor: Lapor, runtime: Runtime, write: Callable[..., Path], to: int | None
):
    file = write(cases(_1=0, _2=1, _3=0), "in.jsonl")
    lapor("import", file)
    found = kept(runtime)
    with runtime.transaction() as session:
        child = session.get_one(Complaint, found[9600002].id)
        if to:
            other = session.get_one(Complaint, found[to].id)
            families.link(session, child, other, actor="Admin Contoh", now=runtime.now())
        else:
            families.unlink(session, child, actor="Admin Contoh", now=runtime.now())
    before = everything(runtime)
    lapor("import", file)
    assert parents(runtime) == ({2: 3} if to else {})
    assert everything(runtime) == before


LEAVING: dict[str, tuple[dict[str, Any], dict[int, int]]] = {
    "a secret member": ({"tracking": 9600002, "privacy": "rahasia"}, {3: 1}),
    "an archived member": ({"tracking": 9600002, "status": "archived"}, {3: 1}),
    "a withdrawn member": ({"tracking": 9600002, "status": "withdrawn"}, {3: 1}),
    "a secret head": ({"tracking": 9600001, "privacy": "rahasia"}, {3: 2}),
    "an answered member": ({"tracking": 9600002, "status": "answered"}, {2: 1, 3: 1}),
}


@pytest.mark.parametrize(("new", "family"), LEAVING.values(), ids=LEAVING)
def test_who_becomes_secret_or_is_over_by_a_file_leaves_its_family(
    lapor: Lapor,
    runtime: Runtime,
    write: Callable[..., Path],
    new: dict[str, Any],
    family: dict[int, int],
):
    lapor("import", write(cases(_1=0, _2=1, _3=1), "in.jsonl"))
    assert counts(lapor("import", write(jsonl(new), "new.jsonl"), "--json"))["updated"] == 1
    assert parents(runtime) == family
    assert all(published for *_, published in links(runtime))
    parted = [(of, other) for of, kind, other, _ in links(runtime) if kind == "unlinked"]
    assert bool(parted) is (family != {2: 1, 3: 1})
