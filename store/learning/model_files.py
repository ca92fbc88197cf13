"""What was learnt, beside its catalogue: learned/meta.json and an .npz file, data not code."""

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from os import replace
from pathlib import Path
from typing import Any

import numpy as np

from parsers.catalogue import Catalogue
from parsers.learned import Field, Model
from parsers.vocabulary import FAMILIES, Vocabulary
from store.catalogue import DEFAULT, catalogue_in, default_catalogue

FOLDER = "learned"
META = "meta.json"
FORMAT = 3
DIGEST = re.compile("[0-9a-f]{64}")
LARGEST = 500_000_000  # bytes of a file that is read
STEPS = 127  # a weight is a whole number of them, of its feature's unit
SMALLEST = 1e-6


@dataclass(frozen=True, slots=True)
class NoModel:
    """There is nothing to use; `reason` says why, and is empty where nothing was ever learnt."""

    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """How well one field was learnt, by cross-validation, beside the matcher without examples."""

    examples: int
    left_out: int  # examples of classes with too few of them
    counts: Mapping[str, int]
    accuracy: float
    macro_f1: float
    cold_accuracy: float
    judged: int  # hand-labelled messages from elsewhere that the scores were made from
    judged_accuracy: float | None
    sure_share: float  # of these messages, or else of the examples held back
    sure_right: float | None
    calibration: Sequence[tuple[float, float, int]]  # mean score, share right, answers
    telling: Mapping[str, Sequence[str]]  # by class, the roots that speak most for it


@dataclass(frozen=True, slots=True)
class Learnt:
    model: Model
    reports: Mapping[str, Report]  # by field


@dataclass(frozen=True, slots=True)
class Deployment:
    """A catalogue directory: what its owner wrote and what was learnt beside it."""

    catalogue: Catalogue
    model: Model | None = None
    refused: str = ""  # why something that was learnt is not used; empty also where nothing was


def load_deployment(directory: Path = DEFAULT, *, learnt: Path | None = None) -> Deployment:
    """CatalogueError if the catalogue is wrong; a model that cannot be used only says so.

    What was learnt in the folder `learnt` comes before what lies beside the catalogue.
    """
    folders = (learnt, directory) if learnt else (directory,)
    return with_learnt(catalogue_in(directory), folders)


def with_learnt(catalogue: Catalogue, folders: Iterable[Path]) -> Deployment:
    """The first model in the folders that can be used; what is wrong with others only told."""
    refused: list[str] = []
    for folder in folders:
        match load_model(folder, catalogue):
            case NoModel(reason):
                refused += [reason] if reason else []
            case model:
                return Deployment(catalogue, model, refused="; ".join(refused))
    return Deployment(catalogue, refused="; ".join(refused))


def version(*directories: Path) -> str:
    """Another one whenever something was learnt there; costs a look at the date of a file each."""
    return " ".join(map(_dated, directories)).strip()


def _dated(directory: Path) -> str:
    try:
        found = (directory / FOLDER / META).stat()
    except OSError:
        return ""
    return f"{found.st_mtime_ns}-{found.st_ino}"


def save(directory: Path, catalogue: Catalogue, learnt: Learnt, *, when: datetime) -> Path:
    """Whoever loads meanwhile gets the old model or the new one, never half of each."""
    folder = directory / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    packed = _packed(learnt.model)
    digest = hashlib.sha256(packed).hexdigest()
    meta = {
        "format": FORMAT,
        "catalogue": fingerprint(catalogue),
        "learned_at": when.isoformat(timespec="seconds"),
        "sha256": digest,
        "weighing": FAMILIES,
        "mentor": _mentor(catalogue),
        "fields": [
            asdict(field) | {"report": asdict(learnt.reports[field.name])}
            for field in learnt.model.fields
        ],
    }
    _write(folder / _name(digest), packed)
    _write(folder / META, json.dumps(meta, indent=1, ensure_ascii=False).encode())
    for old in folder.glob("model-*.npz"):
        if old.name != _name(digest):
            old.unlink()
    return folder


def load_model(directory: Path, catalogue: Catalogue) -> Model | NoModel:
    """The model if it is whole and belongs to this catalogue; never an exception."""
    folder = directory / FOLDER
    if not (folder / META).exists():
        return NoModel()
    try:
        meta = json.loads(_read(folder / META))
        if problem := _stale(meta, catalogue):
            return NoModel(problem)
        return _unpacked(meta, _read(folder / _name(str(meta["sha256"]))))
    except (OSError, ValueError, TypeError, KeyError, RecursionError, zipfile.BadZipFile) as error:
        return NoModel(f"what was learnt is damaged ({type(error).__name__}): learn again")


def fingerprint(catalogue: Catalogue) -> str:
    """Changes with every word of the catalogue: the matchers' scores are part of what is learnt."""
    parts = (*catalogue.categories.values(), *catalogue.agencies.values(), *catalogue.rules)
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()


@cache
def shipped_model() -> Model | None:
    """What was learnt of the national catalogue; None if its files are not as they were shipped."""
    found = load_model(DEFAULT, default_catalogue())
    return None if isinstance(found, NoModel) else found


def _mentor(catalogue: Catalogue) -> str:
    """Digest of the shipped model, which a city's model asks; "" for that model itself."""
    if catalogue.says_as(default_catalogue()) or shipped_model() is None:
        return ""
    return str(json.loads(_read(DEFAULT / FOLDER / META))["sha256"])


def _stale(meta: Mapping[str, object], catalogue: Catalogue) -> str:
    if meta["format"] != FORMAT or meta["weighing"] != FAMILIES:
        return "what was learnt is of another release: learn again"
    if meta["catalogue"] != fingerprint(catalogue):
        return "the catalogue has changed since it was learnt: learn again"
    if meta["mentor"] != _mentor(catalogue):
        return "the national model has changed since it was learnt: learn again"
    return ""


def _name(digest: str) -> str:
    if not DIGEST.fullmatch(digest):
        raise ValueError("sha256")
    return f"model-{digest[:16]}.npz"


def _packed(model: Model) -> bytes:
    """A byte for each weight, a share of the largest of its feature: two digits are enough."""
    file = io.BytesIO()
    weights = model.weights
    largest = np.abs(weights).max(axis=1).astype(np.float16).astype(np.float32)
    unit = np.maximum(largest, SMALLEST) / STEPS
    np.savez_compressed(
        file,
        names=np.frombuffer("\n".join(model.vocabulary.names).encode(), dtype=np.uint8),
        rarity=model.vocabulary.rarity,
        unit=unit.astype(np.float32),
        weights=np.rint(weights / unit[:, None]).clip(-STEPS, STEPS).astype(np.int8),
        bias=model.bias,
    )
    return file.getvalue()


def _unpacked(meta: Mapping[str, Any], packed: bytes) -> Model:
    """ValueError unless everything fits together."""
    if hashlib.sha256(packed).hexdigest() != meta["sha256"]:
        raise ValueError("sha256")
    with np.load(io.BytesIO(packed), allow_pickle=False) as file:
        names = bytes(file["names"]).decode().split("\n")
        rarity, bias = file["rarity"].astype(np.float32), file["bias"].astype(np.float32)
        weights, unit = file["weights"].astype(np.int8, copy=False), file["unit"].astype(np.float32)
    fields = tuple(_field(part) for part in meta["fields"])
    size = sum(len(field.classes) for field in fields)
    if (
        weights.shape != (len(names), size)
        or bias.shape != (size,)
        or rarity.shape != (len(names),)
        or unit.shape != (len(names),)
    ):
        raise ValueError("shape")
    if not all(np.isfinite(numbers).all() for numbers in (rarity, bias, unit)):
        raise ValueError("numbers")
    return Model(Vocabulary(names, rarity), weights, bias, fields, unit=unit)


def _field(part: Mapping[str, Any]) -> Field:
    numbers = ("sharpness", "trust", "slope", "offset", "sure_from", "rare")
    return Field(
        name=str(part["name"]),
        classes=tuple(str(code) for code in part["classes"]),
        **{name: float(part[name]) for name in numbers},
    )


def _read(path: Path) -> bytes:
    if path.stat().st_size > LARGEST:
        raise ValueError("size")
    return path.read_bytes()


def _write(path: Path, content: bytes) -> None:
    part = path.with_name(f"{path.name}.part")
    part.write_bytes(content)
    replace(part, path)
