"""The library's extension point for HTTP, on our own connections."""

import json
import logging
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import urllib3
from twilio.http import HttpClient  # type: ignore[import-untyped]  # the library has no types
from twilio.http.response import Response  # type: ignore[import-untyped]

from gateway.channels.http import Wire
from gateway.channels.twilio_errors import failed

PRODUCT = re.compile(r"https://(\w+)\.twilio\.com")  # api, content, messaging


class TwilioHttp(HttpClient):  # type: ignore[misc]  # untyped base
    """The library's own client costs three times the CPU per send."""

    def __init__(self, api_url: str, timeout: float) -> None:
        super().__init__(logging.getLogger(__name__), is_async=False, timeout=timeout)
        self._api_url, self._seconds = api_url, timeout
        self._wires = {api_url: Wire(api_url, timeout=timeout)}

    def request(
        self,
        method: str,
        uri: str,
        params: Mapping[str, str] | None = None,
        data: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,  # noqa: ARG002 - ours is set once
        allow_redirects: bool = False,  # noqa: ARG002
    ) -> Response:
        """Answers below 300; everything else is a SendError, where Retry-After is still at hand."""
        headers = headers or {}
        login = urllib3.make_headers(basic_auth=":".join(auth)) if auth else {}
        encode = json.dumps if headers.get("Content-Type") == "application/json" else urlencode
        answer = self._wire(uri).request(
            method,
            PRODUCT.sub("", uri, count=1) + (f"?{urlencode(params)}" if params else ""),
            headers={**headers, **login},
            body=encode(data) if data else None,
        )
        if answer.status >= 300:
            raise failed(answer)
        return Response(answer.status, answer.data.decode(errors="replace"), answer.headers)

    def _wire(self, uri: str) -> Wire:
        """A product of Twilio has a host of its own, in the region of `api_url` as well."""
        found = PRODUCT.match(uri)
        url = self._api_url.replace("//api.", f"//{found[1]}.", 1) if found else self._api_url
        if url not in self._wires:
            self._wires.setdefault(url, Wire(url, timeout=self._seconds))
        return self._wires[url]

    def close(self) -> None:
        for wire in tuple(self._wires.values()):
            wire.close()
