"""One guarded GET: the provider's host only, at an address that was looked at, within limits."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

from gateway.channels.http import trusting
from gateway.channels.media import MediaRefused, Source

REDIRECTS = 2  # Twilio was seen to send on once, and twice where its CDN leads to S3
PORTS = {"https": 443, "http": 80}
Rule = Callable[[str, Iterable[IPv4Address | IPv6Address]], bool]  # of a scheme and addresses
LONGEST_WAIT = 3600.0  # seconds; a provider's clock or finger may slip


class NotNow(Exception):
    """The file was not had this time; the message says why, without an address."""

    def __init__(self, reason: str, *, retry_after: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one file may cost us."""

    max_bytes: int
    seconds: float  # for all of it: name, connections, redirects, content
    redirects: tuple[str, ...]  # beginnings of addresses that we may be sent on to


def download(source: Source, limits: Limits) -> bytes:
    """The file's content; MediaRefused: it will never be taken, NotNow: perhaps later."""
    try:
        return asyncio.run(_in_time(source, limits))
    except TimeoutError:
        raise NotNow(f"it took longer than {limits.seconds:g} seconds") from None
    except socket.gaierror:
        raise NotNow("its host has no address") from None
    except httpx.InvalidURL:
        raise MediaRefused("its address is malformed") from None
    except httpx.HTTPError as error:  # its text names the address
        raise NotNow(f"the connection failed ({type(error).__name__})") from None


async def _in_time(source: Source, limits: Limits) -> bytes:
    # trust_env: a proxy of the environment would connect to an address that nobody looked at.
    async with (
        asyncio.timeout(limits.seconds),
        httpx.AsyncClient(verify=trusting(), trust_env=False, timeout=None) as client,  # noqa: S113
    ):
        return await _follow(client, source, limits)


async def _follow(client: httpx.AsyncClient, source: Source, limits: Limits) -> bytes:
    allowed: tuple[str, ...] = (source.within,)
    url, headers = httpx.URL(source.url), source.headers
    for _ in range(1 + REDIRECTS):
        if not any(lies_under(url, start) for start in allowed):
            raise MediaRefused(f"it is kept at a host or path that is not allowed: {url.host[:60]}")
        async with _asked(client, url, headers) as answer:
            if answer.has_redirect_location:
                url = url.join(answer.headers["location"])
                allowed, headers = limits.redirects, {}
            elif answer.status_code == httpx.codes.OK:
                return await _content(answer, limits.max_bytes)
            else:
                reason = f"the provider answered HTTP {answer.status_code}"
                raise NotNow(reason, retry_after=_retry_after(answer))
    raise MediaRefused("the provider sends us on and on")


def lies_under(url: httpx.URL, start: str) -> bool:
    """Same scheme, host and port, and a path below; nothing is compared as mere text."""
    top = httpx.URL(start)
    same = (url.scheme, url.host, url.port) == (top.scheme, top.host, top.port)
    below = url.path.startswith(top.path) and ".." not in url.path.split("/")
    return same and below and not url.userinfo


@asynccontextmanager
async def _asked(
    client: httpx.AsyncClient, url: httpx.URL, headers: Mapping[str, str]
) -> AsyncIterator[httpx.Response]:
    """The answer of the first address that takes a connection; the name is looked up once.

    The certificate is checked against the name: https://www.python-httpx.org/advanced/extensions/
    """
    addresses = await addresses_of(url)
    for left, address in enumerate(addresses, 1 - len(addresses)):
        request = client.build_request(
            "GET",
            url.copy_with(host=address),
            headers={"Host": url.netloc.decode(), "Accept-Encoding": "identity", **headers},
            extensions={"sni_hostname": url.host},
        )
        try:
            answer = await client.send(request, stream=True)
        except httpx.ConnectError:
            if left == 0:
                raise
            continue
        try:
            yield answer
        finally:
            await answer.aclose()
        return


async def addresses_of(url: httpx.URL, *, allowed: Rule | None = None) -> list[str]:
    """What its name leads to, looked up once; NotNow unless all of it is `allowed`."""
    found = await asyncio.get_running_loop().getaddrinfo(
        url.host, url.port or PORTS[url.scheme], type=socket.SOCK_STREAM
    )
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if not (allowed or _reachable)(url.scheme, map(ip_address, addresses)):
        raise NotNow("its host has an address that we must not call")
    return addresses


def _reachable(scheme: str, addresses: Iterable[IPv4Address | IPv6Address]) -> bool:
    """https is for the world; plain http only for a server of one's own, as tests have it."""
    plain = [getattr(address, "ipv4_mapped", None) or address for address in addresses]
    if scheme == "https":
        return all(address.is_global and not address.is_multicast for address in plain)
    return all(address.is_private and not address.is_link_local for address in plain)


async def _content(answer: httpx.Response, max_bytes: int) -> bytes:
    """The bytes as they came: nothing is unpacked here."""
    too_large = MediaRefused(f"it is larger than {max_bytes} bytes")
    said = answer.headers.get("content-length", "")
    if said.isdecimal() and int(said) > max_bytes:
        raise too_large
    content = bytearray()
    async for piece in answer.aiter_raw():
        content += piece
        if len(content) > max_bytes:
            raise too_large
    return bytes(content)


def _retry_after(answer: httpx.Response) -> float | None:
    said = answer.headers.get("retry-after", "")
    return min(float(said), LONGEST_WAIT) if said.isdecimal() else None
