"""Reports on paper: HTML that prints on A4, fits a phone, and loads nothing from anywhere."""

from dataclasses import dataclass
from datetime import date
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from gateway.reports.document import Document
from gateway.reports.words import Value, in_words, say, title, with_whole, written
from store.reports.agencies import Review
from store.reports.numbers import Share
from store.reports.query import FILTERS, area_name, area_names

BLANK = "........................"  # to be filled in by hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What the figures do not say; the blank is for a pen."""

    number: str = BLANK
    city: str = BLANK
    written_on: date | None = None
    position: str = ""
    signatory: str = BLANK
    signatory_id: str = BLANK  # NIP


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("gateway", "templates/report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["word"] = _word
    environment.filters["heading"] = _heading
    environment.filters["figure"] = _figure
    environment.filters["beside"] = _beside
    environment.filters["tanggal"] = in_words
    environment.tests["figure"] = _is_figure
    return environment


def _word(key: str) -> str:
    return say(key, "id").strip()


def _heading(key: str) -> str:
    return title(key, "id")


def _figure(value: Value) -> str:
    return written(value, "id")


def _beside(value: Value) -> str:
    return with_whole(value, "id") if isinstance(value, Share) else written(value, "id")


def _is_figure(value: Value) -> bool:
    return not isinstance(value, str | bool)


def report_page(document: Document) -> str:
    """Any report, in Indonesian."""
    query = document.query
    narrowed = {name: getattr(query, name) for name in FILTERS if getattr(query, name)}
    template = _environment().get_template("report.html")
    sections = [section.for_people() for section in document.sections]
    return template.render(document=document, sections=sections, narrowed=narrowed)


def province_letter(review: Review, document: Document, letter: Letter, *, days: int) -> str:
    """The governor's letter to the governments of kabupaten and kota, with their figures.

    `days` are the working days within which they are asked to act.
    """
    own = review.area
    regencies = [each for each in review.agencies if each.area != own]
    silent = sorted(
        (each for each in regencies if each.silent), key=lambda each: each.counts.received
    )
    return (
        _environment()
        .get_template("letter.html")
        .render(
            letter=letter,
            province=area_names().get(own, own),
            title=area_name(own),
            query=document.query,
            review=review,
            counts=review.counts,
            regencies=regencies,
            silent=silent[::-1],
            days=days,
            as_of=document.refreshed_at,
        )
    )
