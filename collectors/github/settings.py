"""The `github` block of the settings: which repositories, how to reach them, and by which rules to judge each. Pure."""

from __future__ import annotations

import re
from typing import Annotated

import msgspec

from collectors.github.rules import Rules, Source, matches
from common.duration import Duration
from common.errors import ConfigError
from common.metric import RESERVED_TAGS, TAG
from common.settings import CollectorSettings, DeliverySettings, Struct
from common.window import DAY

Share = Annotated[float, msgspec.Meta(ge=0, lt=1, description="a number from 0 up to, not including, 1")]
Together = Annotated[int, msgspec.Meta(ge=1, le=32, description="a whole number from 1 to 32")]
LONGEST_RUN = 35 * DAY
_GLOB = re.compile(r"[*?]")


class RepositoryRule(Struct, frozen=True, kw_only=True):
    """A pattern that selects repositories, and what is set for them; keys left out stay as they are."""

    match: str
    """A full name such as `acme/api`, or a pattern such as `acme/pay-*`."""
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    """Tags for the samples of these repositories."""
    stale_after: Duration | None = None
    """As of the block."""
    branch_stale_after: Duration | None = None
    """As of the block."""
    hotfix: str | None = None
    """As of the block."""
    hotfix_labels: tuple[str, ...] | None = None
    """As of the block."""
    incident_labels: tuple[str, ...] | None = None
    """As of the block."""
    issue_classes: dict[str, tuple[str, ...]] | None = None
    """As of the block."""
    required_workflows: tuple[str, ...] | None = None
    """As of the block."""
    production: tuple[str, ...] | None = None
    """As of the block."""
    bots: tuple[str, ...] | None = None
    """As of the block."""
    deployment_source: Source | None = None
    """As of the block."""
    deployment_workflow: str | None = None
    """As of the block."""
    jobs: bool | None = None
    """As of the block."""
    runners: bool | None = None
    """As of the block."""


class AppSettings(Struct, frozen=True, kw_only=True):
    """Access as a GitHub App."""

    id: int
    """The app's id."""
    private_key: str
    """A reference to its private key (PEM): `env:NAME`, `file:PATH` or `aws:SECRET#KEY`."""
    installation: int | None = None
    """The installation's id; without it, the one that the first repository's owner has."""


class GitHubSettings(CollectorSettings, frozen=True, kw_only=True):
    """Repositories on GitHub."""

    repositories: tuple[str | RepositoryRule, ...] = ()
    """Full names and patterns; `!` takes out, a full name wins over a pattern. Mappings also set rules."""
    topics: tuple[str, ...] = ()
    """Of the repositories that a pattern finds, only those with one of these topics."""
    archived: bool = False
    """Whether a pattern finds archived repositories too; one named in full is always looked at."""
    forks: bool = False
    """Whether a pattern finds forks too; one named in full is always looked at."""
    api_url: str | None = None
    """The REST API's base URL; `GITHUB_API_URL`, else `https://api.github.com`."""
    token: str = "env:GITHUB_TOKEN"  # noqa: S105  a reference, not a secret
    """A reference to the token: `env:NAME`, `file:PATH` or `aws:SECRET#KEY`. Not used where `app` is set."""
    app: AppSettings | None = None
    """Access as a GitHub App instead of a token."""
    reserve: Share = 0.1
    """The share of each request budget that is left for others."""
    concurrency: Together = 8
    """How many requests may be under way at once."""
    runs_look_back: Duration = Duration(2 * DAY)
    """How long before the window a workflow run may have been created and still be found; at most 35 days."""
    stale_after: Duration = Duration(14 * DAY)
    """How long an open pull request is without an update when it counts as stale."""
    branch_stale_after: Duration = Duration(30 * DAY)
    """How old a branch's tip is when the branch counts as stale."""
    hotfix: str = r"\bhotfix\b"
    """A regular expression that finds a hotfix in a commit's subject, in any case."""
    hotfix_labels: tuple[str, ...] = ("hotfix",)
    """Labels of pull requests that mend production; `*` and `?` match, in any case."""
    incident_labels: tuple[str, ...] = ("incident",)
    """Labels of issues of the class `incident`."""
    issue_classes: dict[str, tuple[str, ...]] = msgspec.field(
        default_factory=lambda: {"bug": ("bug", "kind/bug", "type: bug")}
    )
    """Other classes of issues and their labels; the first that fits counts, `incident` before all, `other` after."""
    required_workflows: tuple[str, ...] = ()
    """File names of the workflows that must pass, such as `ci.yml`; all of them by default."""
    production: tuple[str, ...] = ("production", "prod", "live")
    """Names of production environments; `*` and `?` match, in any case."""
    bots: tuple[str, ...] = ()
    """Logins of bots besides GitHub's own kind and those with a `[bot]` suffix; `*` and `?` match, in any case."""
    deployment_source: Source = "auto"
    """What stands for a deployment; `auto` is the first of deployment, release, workflow and merge that exists."""
    deployment_workflow: str | None = None
    """File name of the workflow that deploys; `workflow` is no source without it."""
    jobs: bool = False
    """Whether the jobs of workflow runs are read, for `github.workflow_run.queue_time`: a request for each run."""
    runners: bool = False
    """Whether self-hosted runners are read; the token needs the right to administer the repository."""
    delivery: DeliverySettings = DeliverySettings()
    """How deployments are read."""

    def with_window(self, window: Duration) -> GitHubSettings:
        """The same settings with both windows set to this one."""
        delivery = msgspec.structs.replace(self.delivery, window=window)
        return msgspec.structs.replace(self, window=window, delivery=delivery)


class Candidate(msgspec.Struct, frozen=True):
    """A repository that may be looked at, and what decides whether it is."""

    name: str
    archived: bool = False
    fork: bool = False
    topics: tuple[str, ...] = ()


def patterns(settings: GitHubSettings) -> tuple[str, ...]:
    """The patterns in the order in which they were written."""
    return tuple(each if isinstance(each, str) else each.match for each in settings.repositories)


def is_glob(pattern: str) -> bool:
    """Whether the pattern must be looked up; a full name need not be."""
    return bool(_GLOB.search(pattern))


def selects(settings: GitHubSettings, found: Candidate) -> bool:
    """Whether the repository is looked at; the order of the patterns does not matter.

    A full name wins over patterns, and taking out over taking in. What only a pattern finds is looked at if `archived`,
    `forks` and `topics` let it.
    """
    fitting = [each for each in patterns(settings) if matches(each.removeprefix("!"), found.name)]
    named = [each for each in fitting if not is_glob(each)]
    if named or any(each.startswith("!") for each in fitting):
        return bool(named) and not any(each.startswith("!") for each in named)
    if (found.archived and not settings.archived) or (found.fork and not settings.forks):
        return False
    return bool(fitting) and (not settings.topics or any(topic in settings.topics for topic in found.topics))


def rules_for(settings: GitHubSettings, repository: str) -> Rules:
    """The rules of one repository: of each key the last matching mapping that sets it, else the block's own.

    `tags` are those of all matching mappings; the block's own go to every sample anyway.
    """
    found = {name: getattr(settings, name) for name in Rules.__struct_fields__} | {"tags": {}}
    for each in settings.repositories:
        if isinstance(each, RepositoryRule) and matches(each.match, repository):
            given = {name: value for name in Rules.__struct_fields__ if (value := getattr(each, name)) is not None}
            found |= {**given, "tags": {**found["tags"], **each.tags}}
    return Rules(**found)


def check_settings(settings: GitHubSettings, where: str = "collectors.github") -> None:
    """Raise `ConfigError` for settings that are well formed and still cannot work."""
    if not any(not each.startswith("!") for each in patterns(settings)):
        raise ConfigError(f"{where}.repositories names no repository: give full names or patterns, such as acme/*")
    for index, pattern in enumerate(patterns(settings)):
        owner, slash, name = pattern.removeprefix("!").partition("/")
        if not (owner and slash and name) or "/" in name or is_glob(owner):
            raise ConfigError(
                f"{where}.repositories[{index}]: {pattern!r} is not owner/name, owner/pattern, or one of these after !"
            )
    if settings.runs_look_back > LONGEST_RUN:
        raise ConfigError(f"{where}.runs_look_back must be at most 35d: no workflow run lives longer")
    _check_rules(settings, where)
    _check_mappings(settings, where)


def _check_mappings(settings: GitHubSettings, where: str) -> None:
    for index, each in enumerate(settings.repositories):
        if isinstance(each, RepositoryRule):
            here = f"{where}.repositories[{index}]"
            if each.match.startswith("!"):
                raise ConfigError(f"{here}.match: a mapping selects; write {each.match!r} alone")
            for tag in each.tags:
                _check_tag(tag, here)
            _check_rules(rules_for(settings, each.match), here)


def _check_tag(tag: str, where: str) -> None:
    reserved = RESERVED_TAGS | {"repo"}
    if not TAG.fullmatch(tag) or tag in reserved:
        accepted = f"a lower-case word with digits and _, and not one of {', '.join(sorted(reserved))}"
        raise ConfigError(f"{where}.tags: {tag!r} is not {accepted}")


def _check_rules(rules: Rules | GitHubSettings, where: str) -> None:
    try:
        re.compile(rules.hotfix)
    except re.error as error:
        raise ConfigError(f"{where}.hotfix is not a regular expression: {error}") from None
    if rules.deployment_source == "workflow" and not rules.deployment_workflow:
        raise ConfigError(
            f"{where}.deployment_workflow is missing: name the file of the workflow that deploys, such as deploy.yml"
        )
    if reserved := sorted({"incident", "other"} & rules.issue_classes.keys()):
        raise ConfigError(f"{where}.issue_classes.{reserved[0]}: this class is built in; choose another name")
