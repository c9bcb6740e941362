"""What titles, bodies, messages, branch names and labels say about reverting and mending. Pure."""

from __future__ import annotations

import re
from functools import lru_cache

from collectors.github.records import Commit, PullRequest
from collectors.github.rules import Rules, matches

_REVERTED_PULL = re.compile(r"^\s*Reverts [\w.-]+/[\w.-]+#\d+\b", re.MULTILINE)
_REVERTED_COMMIT = re.compile(r"\bThis reverts commit [0-9a-f]{7,64}\b")
_REVERTING_BRANCH = re.compile(r"revert-\d+-")


def body_reverts_pull(body: str) -> bool:
    """Whether a line of a pull request's body begins with `Reverts owner/name#N`."""
    return bool(_REVERTED_PULL.search(body))


def body_reverts_commit(body: str) -> bool:
    """Whether a commit message's body says `This reverts commit <sha>`."""
    return bool(_REVERTED_COMMIT.search(body))


def title_reverts(title: str) -> bool:
    """Whether a title or subject is `Revert "…"`."""
    return title.startswith('Revert "')


def branch_reverts(branch: str) -> bool:
    """Whether GitHub's revert button made the branch: `revert-N-…`."""
    return bool(_REVERTING_BRANCH.match(branch))


def is_reverting(pull: PullRequest) -> bool:
    """Whether the pull request reverts another, by title, branch or body."""
    return pull.reverts or title_reverts(pull.title) or branch_reverts(pull.head)


def is_revert(commit: Commit) -> bool:
    """Whether the commit reverts another, by subject or body."""
    return commit.reverts or title_reverts(commit.subject)


def is_hotfix(commit: Commit, rules: Rules) -> bool:
    """Whether the subject says so, by the settings' pattern."""
    return bool(_pattern(rules.hotfix).search(commit.subject))


def has_label(labels: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    """Whether one of the labels is one of those."""
    return any(matches(pattern, label) for pattern in wanted for label in labels)


@lru_cache
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text, re.IGNORECASE)
