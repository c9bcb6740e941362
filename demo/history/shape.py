"""What each repository of the organisation is like, for every size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

CI, LINT, DEPLOY, NIGHTLY, E2E = (
    f".github/workflows/{name}.yml" for name in ("ci", "lint", "deploy", "nightly", "e2e")
)
ALL = (CI, LINT, DEPLOY, NIGHTLY)


class Shape(msgspec.Struct, frozen=True):
    """One repository's character; rates are a week's."""

    name: str
    pulls: float = 9.0
    direct: float = 2.0
    issues: float = 4.0
    releases: float = 0.4
    quiet: float = 0.3
    forever: float = 0.05
    default_branch: str = "main"
    methods: Mapping[str, float] = msgspec.field(default_factory=lambda: {"squash": 1.0})
    workflows: tuple[str, ...] = ALL
    environments: tuple[str, ...] = ()
    deploy_share: float = 0.7
    branches: int = 6
    queue: bool = False
    needs_approval: bool = True
    release_branch: bool = False
    runners: int = 0
    topics: tuple[str, ...] = ()
    archived: bool = False
    is_fork: bool = False
    private: bool = False
    empty: bool = False
    dormant: bool = False
    """Nothing in the last two months and nothing in the living part."""


WEB = Shape("web", environments=("staging", "production"), runners=3, topics=("storefront",))
API = Shape("api", default_branch="trunk", methods={"merge": 0.7, "rebase": 0.3}, queue=True, release_branch=True)
TOOLS = Shape("tools", 5.0, 4.0, methods={"rebase": 1.0}, workflows=(CI,), needs_approval=False, releases=0.0)
PAY = Shape("pay-gateway", methods={"squash": 0.6, "merge": 0.4}, environments=("Production",), private=True)
EDGE = (
    Shape("empty", empty=True),
    Shape("old-site", 1.0, workflows=(CI,), archived=True, dormant=True),
    Shape("forked-lib", 0.5, workflows=(), is_fork=True),
)
MONOLITH = Shape(
    "monolith",
    pulls=167.0,
    direct=17.0,
    issues=25.0,
    releases=1.0,
    quiet=0.08,
    forever=0.066,
    methods={"squash": 0.6, "merge": 0.25, "rebase": 0.15},
    environments=("staging", "production"),
    deploy_share=0.15,
    branches=664,
    workflows=(*ALL, E2E),
    queue=True,
    runners=8,
)


def shapes(size: str) -> tuple[Shape, ...]:
    """The repositories of an organisation of that size: small, medium, large or wide; else `ValueError`."""
    if size == "small":
        return (WEB, API, TOOLS, *EDGE)
    if size == "medium":
        busy = tuple(msgspec.structs.replace(one, pulls=14.0, issues=5.0, quiet=0.3) for one in (WEB, API, TOOLS, PAY))
        return (*busy, Shape("docs", 4.0, 3.0, methods={"merge": 1.0}), Shape("pay-ledger", private=True), *EDGE)
    if size == "large":
        return (MONOLITH, WEB, API, TOOLS, PAY, *EDGE)
    if size == "wide":
        tiny = Shape("", 0.4, 0.3, 0.3, 0.02, workflows=(CI,), branches=1)
        names = [f"service-{number:03d}" for number in range(500)]
        return tuple(msgspec.structs.replace(tiny, name=name, dormant=name[-2:] >= "05") for name in names)
    raise ValueError(f"found {size!r}; accepted are small, medium, large and wide")
