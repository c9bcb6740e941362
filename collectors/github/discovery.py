"""Which repositories are looked at: those named in full unasked, those that patterns find by their owner's list."""

from __future__ import annotations

from collections.abc import Iterator

from collectors.github.client.api import Api
from collectors.github.client.errors import RefusedError
from collectors.github.parse_rest import RawRepository
from collectors.github.settings import Candidate, GitHubSettings, is_glob, patterns, rules_for, selects
from common.collector import Scope
from common.errors import FetchError

PAGE = 100


def scopes(api: Api, settings: GitHubSettings) -> tuple[Scope, ...]:
    """The repositories by name, none twice; raises `FetchError` where an owner's list cannot be read."""
    wanted = [each for each in patterns(settings) if not each.startswith("!")]
    found = {each.casefold(): Candidate(each) for each in wanted if not is_glob(each)}
    for owner in dict.fromkeys(each.partition("/")[0].casefold() for each in wanted if is_glob(each)):
        found = {**{each.name.casefold(): each for each in _owned(api, owner)}, **found}
    chosen = (each.name for each in found.values() if selects(settings, each))
    return tuple(Scope(name, rules_for(settings, name).tags) for name in sorted(chosen, key=str.casefold))


def _owned(api: Api, owner: str) -> Iterator[Candidate]:
    """Everything of an organisation, or of a person."""
    try:
        raws = list(_listed(api, f"/orgs/{owner}/repos"))
    except RefusedError:
        raws = _of_person(api, owner)
    for raw in raws:
        yield Candidate(raw.full_name, raw.archived, raw.fork, raw.topics)


def _of_person(api: Api, owner: str) -> list[RawRepository]:
    try:
        return list(_listed(api, f"/users/{owner}/repos"))
    except RefusedError:
        raise FetchError(
            f"GitHub shows no organisation or person {owner!r} to this token; look at collectors.github.repositories"
        ) from None


def _listed(api: Api, path: str) -> Iterator[RawRepository]:
    page = 1
    while True:
        params = {"type": "all", "sort": "full_name", "per_page": str(PAGE), "page": str(page)}
        raws, response = api.get(path, tuple[RawRepository, ...], params)
        yield from raws
        if 'rel="next"' not in response.headers.get("link", ""):
            return
        page += 1
