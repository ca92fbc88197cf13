"""How an operation is declared: its route, whom it is for, and what the document says of it."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from flask import Response
from flask_openapi3.blueprint import APIBlueprint
from flask_openapi3.models.tag import Tag
from pydantic import BaseModel

from gateway.api.auth import NEEDS
from store.agencies.access import Action

PATHS: dict[str, Any] = {}  # of all groups: two of them may have operations at one address
SECURITY: list[dict[str, list[str]]] = [{"key": []}]
View: TypeAlias = Callable[..., Response]
Answers: TypeAlias = Mapping[int, type[BaseModel] | dict[str, Any]]


def part(name: str, description: str) -> APIBlueprint:
    """One group of operations."""
    tag = Tag(name=name, description=description)
    bp = APIBlueprint(name, __name__, abp_tags=[tag], abp_security=SECURITY)
    bp.paths = PATHS
    return bp


def operation(
    bp: APIBlueprint,
    method: str,
    rule: str,
    answers: Answers,
    *needs: Action,
    problems: tuple[str, ...] = (),
) -> Callable[[View], View]:
    """A view; `problems` are those that not every operation has (gateway.api.problems.KINDS)."""

    def declare(view: View) -> View:
        NEEDS[view.__name__] = needs
        declared = getattr(bp, method)(
            rule,
            operation_id=view.__name__,
            responses=dict(answers),
            openapi_extensions={"x-needs": list(needs), "x-problems": list(problems)},
        )
        found: View = declared(view)
        return found

    return declare
