"""Where a file may come from: our providers only, and how it goes wrong."""

import socket
from typing import Any

import httpx
import pytest

from gateway.channels.media import MediaRefused, Source
from gateway.download import Limits, NotNow, _reachable, download, lies_under
from tests.provider import Answer, Close, Hang, Provider, Stall, file_of

FAR = 1e12  # a time.monotonic() that never comes


def limits(**more: Any) -> Limits:
    return Limits(**{"max_bytes": 10_000, "seconds": 5.0, "redirects": ()} | more)


@pytest.mark.parametrize(
    ("url", "start", "lies"),
    [
        ("https://mms.twiliocdn.com/AC1/x?Expires=1", "https://mms.twiliocdn.com/", True),
        ("https://MMS.twiliocdn.com:443/AC1/x", "https://mms.twiliocdn.com/", True),
        ("http://mms.twiliocdn.com/AC1/x", "https://mms.twiliocdn.com/", False),
        ("https://mms.twiliocdn.com:8443/AC1/x", "https://mms.twiliocdn.com/", False),
        ("https://mms.twiliocdn.com.evil.example/x", "https://mms.twiliocdn.com/", False),
        ("https://evil.example/https://mms.twiliocdn.com/", "https://mms.twiliocdn.com/", False),
        ("https://mms.twiliocdn.com@evil.example/", "https://mms.twiliocdn.com/", False),
        ("https://user@mms.twiliocdn.com/x", "https://mms.twiliocdn.com/", False),
        ("https://s3.example/bucket/x", "https://s3.example/bucket/", True),
        ("https://s3.example/bucket-of-mine/x", "https://s3.example/bucket/", False),
        ("https://s3.example/bucket/../mine/x", "https://s3.example/bucket/", False),
        ("https://s3.example/bucket/%2e%2e/mine/x", "https://s3.example/bucket/", False),
        ("https://s3.example\\@evil.example/bucket/", "https://s3.example/bucket/", False),
    ],
)
def test_an_address_is_compared_by_its_parts(url: str, start: str, lies: bool):
    try:
        assert lies_under(httpx.URL(url), start) is lies
    except httpx.InvalidURL:
        assert not lies


@pytest.mark.parametrize(
    ("scheme", "address", "may"),
    [
        ("https", "34.226.36.1", True),
        ("https", "2600:1f18::1", True),
        ("https", "127.0.0.1", False),
        ("https", "10.0.0.5", False),
        ("https", "172.16.0.1", False),
        ("https", "192.168.1.1", False),
        ("https", "100.64.0.1", False),
        ("https", "169.254.169.254", False),
        ("https", "0.0.0.0", False),
        ("https", "224.0.0.1", False),
        ("https", "::1", False),
        ("https", "::ffff:10.0.0.5", False),
        ("https", "fd00::5", False),
        ("https", "fe80::1", False),
        ("http", "34.226.36.1", False),
        ("http", "169.254.169.254", False),
        ("http", "fe80::1", False),
        ("http", "127.0.0.1", True),
        ("http", "10.0.0.5", True),
    ],
)
def test_https_calls_the_world_and_http_only_a_server_of_our_own(
    scheme: str, address: str, may: bool
):
    import ipaddress

    assert _reachable(scheme, [ipaddress.ip_address(address)]) is may


def test_one_private_address_among_public_ones_is_enough_to_refuse():
    import ipaddress

    found = [ipaddress.ip_address(text) for text in ("34.226.36.1", "10.0.0.5")]
    assert _reachable("https", found) is False


def test_a_name_that_leads_home_is_not_called(provider: Provider):
    """localhost has an address of ours, though its scheme says that it is out in the world."""
    url = provider.url.replace("http://127.0.0.1", "https://localhost") + "/x"
    with pytest.raises(NotNow, match="must not call"):
        download(Source(url=url, within=url.removesuffix("x")), limits())
    assert provider.connections == 0


def test_a_name_is_looked_up_once_and_that_address_is_called(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    """A second answer of the name server, which nobody would have looked at, is not asked for."""
    provider.routes["GET", "/x"] = file_of(b"content")
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, port: Any, *more: Any, **named: Any) -> Any:
        if host != "media.example":
            return real(host, port, *more, **named)
        looked_up.append(host)
        return real("127.0.0.1" if len(looked_up) == 1 else "127.0.0.2", port, *more, **named)

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    top = provider.url.replace("127.0.0.1", "media.example") + "/"
    assert download(Source(url=f"{top}x", within=top), limits()) == b"content"
    assert looked_up == ["media.example"]
    assert provider.requests[0].headers["host"] == top.split("/")[2]


def test_a_proxy_of_the_environment_is_not_asked(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
):
    provider.routes["GET", "/x"] = file_of(b"content")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    assert download(Source(url=f"{provider.url}/x", within=f"{provider.url}/"), limits())


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\n"


@pytest.mark.parametrize(
    ("sent", "error", "reason"),
    [
        (file_of(bytes(10_001)), MediaRefused, "larger than 10000 bytes"),
        (file_of(bytes(10_001), length=False), MediaRefused, "larger than 10000 bytes"),
        (Stall(HEAD + b"Content-Length: 10001\r\n\r\n"), MediaRefused, "larger than 10000 bytes"),
        (Stall(HEAD + b"Content-Length: 9000\r\n\r\n" + bytes(50)), NotNow, "longer than 0.5 sec"),
        (Stall(b"HTTP/1.1 200 OK\r\nConte"), NotNow, "longer than 0.5 seconds"),
        (Hang(), NotNow, "longer than 0.5 seconds"),
        (Close(), NotNow, "connection failed"),
        (Close(HEAD + b"Content-Length: 9000\r\n\r\n" + bytes(50)), NotNow, "connection failed"),
        (Close(b"not HTTP\r\n\r\n"), NotNow, "connection failed"),
        (Answer(404), NotNow, "HTTP 404"),
        (Answer(503), NotNow, "HTTP 503"),
    ],
    ids=[
        "too large, as it says",
        "too large, as it turns out",
        "too large, refused before it comes",
        "stalls in the content",
        "stalls in the head",
        "never answers",
        "hangs up",
        "hangs up in the content",
        "no HTTP",
        "404",
        "503",
    ],
)
def test_what_goes_wrong_has_a_reason(
    provider: Provider, sent: Any, error: type[Exception], reason: str
):
    provider.routes["GET", "/x"] = sent
    source = Source(url=f"{provider.url}/x", within=f"{provider.url}/")
    with pytest.raises(error, match=reason) as caught:
        download(source, limits(seconds=0.5))
    assert provider.url not in str(caught.value)
    assert caught.value.__cause__ is None


def test_exactly_the_limit_is_taken(provider: Provider):
    provider.routes["GET", "/x"] = file_of(bytes(10_000))
    source = Source(url=f"{provider.url}/x", within=f"{provider.url}/")
    assert len(download(source, limits())) == 10_000


def test_a_port_that_is_closed_is_tried_later(provider: Provider):
    provider.refuse()
    with pytest.raises(NotNow, match="connection failed"):
        download(Source(url=f"{provider.url}/x", within=f"{provider.url}/"), limits())


def test_nobody_is_sent_on_for_ever(provider: Provider):
    provider.routes["GET", "/x"] = Answer(302, "", {"Location": "/x"})
    source = Source(url=f"{provider.url}/x", within=f"{provider.url}/")
    with pytest.raises(MediaRefused, match="on and on"):
        download(source, limits(redirects=(f"{provider.url}/",)))
    assert len(provider.requests) == 3
