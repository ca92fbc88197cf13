"""Who asks, how often, and whether the key is for this."""

from collections.abc import Collection
from typing import cast

from flask import Response, current_app, g, request

from bots import refusals
from gateway.api import problems
from gateway.api.limits import Left, Limiter
from gateway.api.problems import FORBIDDEN, UNAUTHORIZED, Problem
from gateway.runtime import Runtime, from_app
from store.agencies import api_keys
from store.agencies.access import Access, Action

SCHEME = "bearer"
CHALLENGE = {"WWW-Authenticate": 'Bearer realm="1708"'}
NEEDS: dict[str, Collection[Action]] = {}  # of each operation, by the name of its view


def enter() -> None:
    """Before every request: a key, not used too often, that may do this."""
    if request.method == "OPTIONS":
        return
    rt = from_app()
    g.access = _known(rt)
    g.line = {"key": g.access.key}
    missing = [action for action in NEEDS[_view()] if not g.access.may(action)]
    if missing:
        raise problems.of_refused(refusals.not_allowed(", ".join(missing)), FORBIDDEN)


def _view() -> str:
    return (request.endpoint or "").rpartition(".")[2]


def _known(rt: Runtime) -> Access:
    limiter = cast(Limiter, current_app.extensions["api_limiter"])
    settings = rt.settings.api
    with rt.reading() as session:
        access = api_keys.find(session, _key(), rt.now())
    if access is None:
        g.left = limiter.take(f"address:{request.remote_addr}", settings.strangers_per_minute)
        raise Problem(UNAUTHORIZED, headers=CHALLENGE)
    allowed = settings.own_limits.get(access.name, settings.requests_per_minute)
    g.left = limiter.take(f"key:{access.key}", allowed)
    return access


def _key() -> str:
    """ "" is nobody's key."""
    scheme, _, key = request.headers.get("Authorization", "").partition(" ")
    return key.strip() if scheme.casefold() == SCHEME else ""


def leave(answer: Response) -> Response:
    """After every request: what is left."""
    left: Left | None = g.get("left")
    return left.tell(answer) if left else answer


def access() -> Access:
    found: Access = g.access
    return found


def needs(action: Action) -> None:
    """For what only a part of an operation's uses needs."""
    if not access().may(action):
        raise problems.of_refused(refusals.not_allowed(action), FORBIDDEN)
