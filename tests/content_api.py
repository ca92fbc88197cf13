"""Twilio's Content API: templates are made, listed by pages, and sent by their SID.

https://www.twilio.com/docs/content/content-api-resources
"""

import json
from collections.abc import Mapping
from typing import Any

from tests.provider_answers import JSON, Answer, Request, refusal

CONTENT, TYPING = "/v1/Content", "/v2/Indicators/Typing.json"
PAGE = 6  # so small that our own templates need a second one


class ContentApi:
    """The content templates of one account, by SID."""

    def __init__(self) -> None:
        self.templates: dict[str, dict[str, Any]] = {}

    def add(self, **template: object) -> str:
        sid = f"HX{len(self.templates) + 1:032x}"
        self.templates[sid] = {"sid": sid, **template}
        return sid

    def react(self, request: Request) -> Answer:
        if request.method == "GET":
            return self._page(int(request.query.get("Page", "0")))
        template = json.loads(request.body)
        if not (template.get("language") and template.get("types")):
            return refusal(400, 20001, "language and types are required.")
        sid = self.add(**template)
        return Answer(201, json.dumps(self.templates[sid]), JSON)

    def _page(self, number: int) -> Answer:
        first = number * PAGE
        more = first + PAGE < len(self.templates)
        host = "https://content.twilio.com"
        meta = {
            "page": number,
            "page_size": PAGE,
            "first_page_url": f"{host}{CONTENT}?PageSize={PAGE}&Page=0",
            "previous_page_url": None,
            "url": f"{host}{CONTENT}?PageSize={PAGE}&Page={number}",
            "next_page_url": f"{host}{CONTENT}?PageSize={PAGE}&Page={number + 1}" if more else None,
            "key": "contents",
        }
        shown = list(self.templates.values())[first : first + PAGE]
        return Answer(200, json.dumps({"meta": meta, "contents": shown}), JSON)

    def fault(self, form: Mapping[str, str]) -> Answer | None:
        """Why a message with these fields is refused, if it is."""
        sid, variables = form.get("ContentSid"), form.get("ContentVariables")
        if not sid:
            return refusal(400, 21654, "A ContentSid is required.") if variables else None
        if sid not in self.templates:
            return refusal(400, 21655, "The ContentSid is invalid.")
        values = json.loads(variables or "{}")
        if not all(isinstance(value, str) and value for value in values.values()):
            return refusal(400, 21656, "The ContentVariables are invalid.")
        return None


def typing(request: Request) -> Answer:
    """https://www.twilio.com/docs/whatsapp/api/typing-indicators-resource"""
    if request.form.get("channel") != "whatsapp" or not request.form.get("messageId"):
        return refusal(400, 20001, "messageId and channel are required.")
    return Answer(200, '{"success": true}', JSON)
