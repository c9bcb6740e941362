"""What a person would have set: who is a bot, what is stale, which label means what."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

DAY = 86_400


class Settings(msgspec.Struct, frozen=True):
    """The settings that the truth is told under; the organisation's own are `Organisation.settings`."""

    bots: tuple[str, ...] = ()
    stale_after: float = 14 * DAY
    branch_stale_after: float = 30 * DAY
    hotfix_pattern: str = r"\bhotfix\b"
    hotfix_labels: tuple[str, ...] = ("hotfix",)
    issue_classes: tuple[tuple[str, str], ...] = ()
    """(label, class) in order of precedence; what has none of the labels is `other`"""
    required_workflows: Mapping[str, tuple[str, ...]] = {}
    """repository → base names of the workflows that `github.workflow.passing` is told of; absent: all"""
    production: tuple[str, ...] = ("production", "prod", "live")
    proxies: Mapping[str, str] = {}
    """repository → deployment, release, merge, or workflow:<base name>; absent: the best that exists"""

    def is_bot(self, login: str | None, bot_accounts: frozenset[str] = frozenset()) -> bool:
        """Whether GitHub, the suffix or the list calls it a bot; a deleted account is human."""
        return login is not None and (login in bot_accounts or login.endswith("[bot]") or login in self.bots)

    def is_hotfix(self, subject: str) -> bool:
        """Whether a commit's subject says hotfix."""
        return re.search(self.hotfix_pattern, subject, re.IGNORECASE) is not None

    def issue_class(self, labels: tuple[str, ...]) -> str:
        """The class of an issue with these labels."""
        return next((name for label, name in self.issue_classes if label in labels), "other")
