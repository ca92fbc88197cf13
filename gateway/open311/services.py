"""The catalogue's topics as services, and what may be told about each beside its description."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from bots.desk import Policy
from bots.reader import Reader
from bots.routing import duty
from gateway.open311 import words
from gateway.open311.rendering import TYPES, Format, Value
from gateway.open311.words import Words, refusal
from gateway.settings import Settings
from parsers.catalogue import Category
from parsers.understanding import Kind

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
KEYWORDS = 20  # of a topic's many, so that all services stay one small answer
EXAMPLES = 3
ADDRESS_DETAIL, WHEN = "ADDRESS_DETAIL", "WHEN"
ATTRIBUTES: Mapping[str, tuple[Words, Words]] = {  # none is required; the same for every topic
    ADDRESS_DETAIL: (words.ADDRESS_DETAIL, words.ADDRESS_HINT),
    WHEN: (words.WHEN, words.WHEN_HINT),
}


def discovery(settings: Settings) -> Value:
    """https://wiki.open311.org/Service_Discovery; a new changeset says that topics changed."""
    changeset = _changeset(settings.catalogue_dir / "categories.csv", settings)
    endpoint = {
        "specification": SPECIFICATION,
        "url": f"{settings.public_url.rstrip('/')}/open311/v2",
        "changeset": changeset,
        "type": "production" if settings.production else "test",
        "formats": [TYPES[form].partition(";")[0] for form in Format],
    }
    contact = settings.open311.contact
    return {
        "changeset": changeset,
        "contact": contact,
        "key_service": contact,
        "endpoints": [endpoint],
    }


def _changeset(path: Path, settings: Settings) -> str:
    return datetime.fromtimestamp(path.stat().st_mtime, settings.zone).isoformat("T", "seconds")


def topic(reader: Reader, code: str) -> Category:
    """A topic that a report may be filed under."""
    found = reader.catalogue.categories.get(code)
    if found is None or found not in reader.catalogue.topics:
        raise refusal(404, words.SERVICE_UNKNOWN)
    return found


def services(reader: Reader, policy: Policy, language: str) -> Value:
    return [_service(each, policy, language) for each in reader.catalogue.topics]


def _service(category: Category, policy: Policy, language: str) -> Value:
    return {
        "service_code": category.code,
        "service_name": category.name,
        "description": _description(category, policy, language),
        "metadata": True,
        "type": "realtime",
        "keywords": ", ".join(word.replace(",", " ") for word in category.keywords[:KEYWORDS]),
        "group": _group(category),
    }


def _group(category: Category) -> str:
    return category.parent[1] if category.parent else category.name


def _description(category: Category, policy: Policy, language: str) -> str:
    examples = ", ".join(category.keywords[:EXAMPLES])
    told = (words.EXAMPLES if examples else words.PLAIN).say(
        language, group=_group(category), name=category.name, examples=examples
    )
    return " ".join([told, *_secret(category.code, policy, language)])


def _secret(code: str, policy: Policy, language: str) -> list[str]:
    return [words.SECRET_TOPIC.say(language)] if code in policy.secret else []


def notice(reader: Reader, policy: Policy, code: str, language: str) -> str:
    """What its reporter may expect of a service."""
    limit = policy.clock.limit(duty(Kind.COMPLAINT, reader.default_class(code)))
    days = words.WORKING_DAYS if limit.unit == "working" else words.CALENDAR_DAYS
    told = words.NOTICE.say(language, limit=days.say(language, days=limit.days))
    return " ".join([told, *_secret(code, policy, language)])


def definition(category: Category, language: str) -> Value:
    attributes: list[Value] = [
        {
            "variable": True,
            "code": code,
            "datatype": "string",
            "required": False,
            "datatype_description": hint.say(language),
            "order": order,
            "description": description.say(language),
            "values": [],
        }
        for order, (code, (description, hint)) in enumerate(ATTRIBUTES.items(), 1)
    ]
    return {"service_code": category.code, "attributes": attributes}
