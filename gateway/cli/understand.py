"""`lapor understand`: JSON lines in, what they mean out, in the same order, line by line."""

import json
import math
import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from bots.reader import Reader
from gateway.cli.configuration import read_settings
from gateway.faults import where
from gateway.reading import build_reader, deployment_of
from parsers.messages import storable
from parsers.understanding import Understanding
from store.catalogue import CatalogueError
from store.learning.model_files import load_deployment

AREA = re.compile(r"([0-9]{2})\.?(?:([0-9]{2})\.?(?:([0-9]{2})\.?([0-9]{4})?)?)?")
DEGREES = {"lat": 90.0, "lon": 180.0}


class Unreadable(Exception):
    """A line that is not what it should be; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One line of input."""

    text: str
    area: str | None
    lat: float | None
    lon: float | None
    today: date | None


class Area(click.ParamType[str, str]):
    name = "code"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return area_code(value)
        except Unreadable as error:
            self.fail(f"{error}.", param, ctx)


@click.command()
@click.option(
    "--catalogue",
    "directory",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Categories and agencies of your own; otherwise those of matching.catalogue.",
)
@click.option("--area", type=Area(), help="Kemendagri code of the place that is likely: 73.71.")
def understand(directory: Path | None, area: str | None) -> None:
    """Read JSON lines, print what each text means, in the same order.

    A line is {"id", "text", "area"?, "lat"?, "lon"?, "today"?, "channel"?}. A line that cannot be
    read gives {"id", "error", "line"} and exit code 1 at the end; the others are done.

    \b
    Example:
      echo '{"id": 1, "text": "jln rsk di kec coblong bandung"}' | lapor understand --area 32.73
    """
    settings = read_settings()
    try:
        deployment = load_deployment(directory) if directory else deployment_of(settings)
    except CatalogueError as error:
        raise click.UsageError(f"the catalogue {directory} cannot be used:\n{error}") from error
    if deployment.refused:
        instead = "the model beside the catalogue" if deployment.model else "the catalogue alone"
        click.echo(f"Note: {deployment.refused}. Used instead: {instead}.", err=True)
    answers = Answers(build_reader(settings, deployment), area, settings.zone)
    if answers.print_all(sys.stdin.buffer):
        raise SystemExit(1)


@dataclass(frozen=True, slots=True)
class Answers:
    """What is the same for every line."""

    reader: Reader
    area: str | None
    zone: ZoneInfo

    def print_all(self, lines: Iterable[bytes]) -> int:
        """Answer each line before the next is read; returns how many were bad."""
        bad = 0
        for number, line in enumerate(lines, 1):
            if line.strip():
                found = self.answer(line)
                if "error" in found:
                    bad += 1
                    found["line"] = number
                sys.stdout.write(json.dumps(found) + "\n")
                sys.stdout.flush()
        return bad

    def answer(self, line: bytes) -> dict[str, object]:
        key: object = None
        try:
            fields = _object(line)
            key = fields.get("id")
            return self._understand(_ask(fields)).as_dict(key)
        except Unreadable as error:
            return {"id": key, "error": str(error)}
        except Exception as error:  # noqa: BLE001 - a text that breaks the reader harms no other
            return {"id": key, "error": f"the text could not be understood ({where(error)})"}

    def _understand(self, ask: Ask) -> Understanding:
        return self.reader.understand(
            ask.text,
            area=ask.area or self.area,
            lat=ask.lat,
            lon=ask.lon,
            today=ask.today or datetime.now(self.zone).date(),
        )


def _object(line: bytes) -> Mapping[str, object]:
    """One JSON object; Unreadable in words that do not quote it."""
    try:
        found = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unreadable("not UTF-8") from error
    except json.JSONDecodeError as error:
        raise Unreadable(f"not JSON: {error.msg} at column {error.colno}") from error
    except (ValueError, RecursionError) as error:  # an endless number, a thousand brackets
        raise Unreadable("not JSON that can be read") from error
    if not isinstance(found, dict):
        raise Unreadable("not a JSON object")
    return found


def _ask(fields: Mapping[str, object]) -> Ask:
    """The fields with their types; Unreadable says which is wrong."""
    text, area = fields.get("text"), _optional_text(fields, "area")
    if not isinstance(text, str):
        raise Unreadable("text: is missing" if text is None else "text: must be a string")
    _optional_text(fields, "channel")
    lat, lon = _degrees(fields, "lat"), _degrees(fields, "lon")
    if (lat is None) != (lon is None):
        raise Unreadable("lat and lon: one without the other")
    today = _optional_text(fields, "today")
    return Ask(
        text=storable(text),
        area=area_code(area) if area else None,
        lat=lat,
        lon=lon,
        today=_date(today) if today else None,
    )


def _optional_text(fields: Mapping[str, object], name: str) -> str | None:
    match fields.get(name):
        case None | str() as value:
            return value
    raise Unreadable(f"{name}: must be a string")


def _degrees(fields: Mapping[str, object], name: str) -> float | None:
    match fields.get(name):
        case None:
            return None
        case bool():
            pass
        case int() | float() as value if abs(value) <= DEGREES[name] and math.isfinite(value):
            return float(value)
    raise Unreadable(f"{name}: must be degrees")


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Unreadable("today: must be a date such as 2026-08-17") from error


def area_code(text: str) -> str:
    """`73.71` for 73.71 or 7371; Unreadable for what is no code of Kemendagri."""
    found = AREA.fullmatch(text.strip())
    if not found:
        raise Unreadable("area: must be a code of Kemendagri such as 73.71")
    return ".".join(part for part in found.groups() if part)
