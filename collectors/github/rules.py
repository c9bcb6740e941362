"""The rules by which one repository is judged, resolved from the settings. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Literal

import msgspec

Source = Literal["auto", "deployment", "release", "workflow", "merge"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings of the same names say for one repository; `tags` are those of its patterns."""

    stale_after: float
    branch_stale_after: float
    hotfix: str
    hotfix_labels: tuple[str, ...]
    incident_labels: tuple[str, ...]
    issue_classes: Mapping[str, tuple[str, ...]]
    required_workflows: tuple[str, ...]
    production: tuple[str, ...]
    bots: tuple[str, ...]
    deployment_source: Source
    deployment_workflow: str | None
    jobs: bool
    runners: bool
    tags: Mapping[str, str]


@lru_cache(maxsize=16_384)
def matches(pattern: str, text: str) -> bool:
    """Whether the text fits a name with `*` and `?`, in any case; brackets are letters, as in `renovate[bot]`."""
    return fnmatchcase(text.casefold(), pattern.casefold().replace("[", "[[]"))
