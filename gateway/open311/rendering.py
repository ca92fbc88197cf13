"""One answer in XML or JSON, as https://wiki.open311.org/GeoReport_v2 shows both."""

import json
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeAlias
from xml.etree.ElementTree import Element, SubElement, tostring

from flask import Response

Value: TypeAlias = "str | int | float | bool | Mapping[str, Value] | Sequence[Value] | None"
ITEMS = {  # how an element of each list is called in XML; JSON has no names for them
    "services": "service",
    "attributes": "attribute",
    "values": "value",
    "service_requests": "request",
    "service_request_updates": "request_update",
    "endpoints": "endpoint",
    "formats": "format",
    "errors": "error",
}
# Characters that XML 1.0 cannot hold, not even escaped: https://www.w3.org/TR/xml/#charsets
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Format(StrEnum):
    XML = "xml"
    JSON = "json"


TYPES = {
    Format.XML: "text/xml; charset=utf-8",
    Format.JSON: "application/json; charset=utf-8",
}
ACCEPTED = {
    "text/xml": Format.XML,
    "application/xml": Format.XML,
    "application/json": Format.JSON,
}


def render(root: str, body: Value, form: Format, status: int = 200) -> Response:
    """JSON has no root element (the Spark convention of Open311), XML has."""
    text = _json(body) if form is Format.JSON else _xml(root, body)
    answer = Response(text, status, content_type=TYPES[form])
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Vary"] = "Accept, Accept-Language"
    return answer


def _json(body: Value) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode("utf-8", "replace")


def _xml(root: str, body: Value) -> bytes:
    element = Element(root)
    _fill(element, body)
    text: bytes = tostring(element, encoding="utf-8", short_empty_elements=False)
    return b'<?xml version="1.0" encoding="utf-8"?>\n' + text.split(b"?>\n", 1)[-1]


def _fill(element: Element, value: Value) -> None:
    match value:
        case None:
            return
        case bool():
            element.text = str(value).lower()
        case str():
            element.text = NOT_XML.sub("\ufffd", value)
        case Mapping():
            for name, below in value.items():
                _fill(SubElement(element, name), below)
        case Sequence():
            for below in value:
                _fill(SubElement(element, ITEMS[element.tag]), below)
        case _:
            element.text = str(value)
