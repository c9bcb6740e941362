"""People, told apart by login."""

from __future__ import annotations

from collectors.github.metrics import contributors as metrics
from collectors.github.records import Actor, Author
from common.metric import point
from tests.collectors.github.builders import BOT, DAY, HOUR, commit, pr, review, snapshot


def people(**sections) -> dict[tuple[str, str], tuple[str, ...]]:
    found = metrics.active(snapshot(**sections))
    assert all(each.value == len(each.of) for each in found)
    return {(each.tags["role"], each.tags["author"]): each.of for each in found if each.of}


def test_each_person_has_one_role() -> None:
    pulls = [
        pr(1, merged=-HOUR, author="ann", reviews=[review(-2 * HOUR, by="bob"), review(-2 * HOUR, by=BOT)]),
        pr(2, merged=-HOUR, author="bob", reviews=[review(-2 * HOUR, by="cat")]),
    ]
    assert people(closed_pulls=pulls, commits=[commit("a", author="dan")]) == {
        ("author", "human"): ("person:ann", "person:dan"),
        ("reviewer", "human"): ("person:cat",),
        ("reviewer", "bot"): ("person:dependabot",),
        ("both", "human"): ("person:bob",),
    }


def test_only_what_happened_in_the_window_makes_somebody_active() -> None:
    old = pr(1, created=-20 * DAY, merged=-8 * DAY, reviews=[review(-9 * DAY)])
    assert people(closed_pulls=[old], commits=[commit("a", -8 * DAY, author="dan")]) == {}


def test_a_review_of_ones_own_or_after_the_merge_makes_no_reviewer() -> None:
    pull = pr(1, merged=-2 * HOUR, reviews=[review(-3 * HOUR, by="ann"), review(-HOUR, by="bob")])
    assert people(closed_pulls=[pull]) == {("author", "human"): ("person:ann",)}


def test_reviews_of_open_and_abandoned_ones_count() -> None:
    given = {"open_pulls": [pr(1, reviews=[review(-HOUR, by="bob")])]}
    given["closed_pulls"] = [pr(2, closed=-HOUR, reviews=[review(-HOUR, by="cat")])]
    assert people(**given) == {("reviewer", "human"): ("person:bob", "person:cat")}


def test_an_app_is_one_person_with_and_without_its_suffix() -> None:
    app = Author("renovate[bot]", "29139614+renovate[bot]@users.noreply.github.com", "renovate[bot]")
    pull = pr(1, merged=-HOUR, author=Actor("renovate", "Bot"))
    assert people(closed_pulls=[pull], commits=[commit("a", author=app)]) == {("author", "bot"): ("person:renovate",)}


def test_authors_without_an_account_are_not_counted_among_people() -> None:
    assert people(commits=[commit("a", author=Author("Ann", "ann@example.org"))], open_pulls=[pr(1, author=None)]) == {}


def test_commits_each_tells_people_apart_by_login_and_else_by_mail() -> None:
    commits = [
        *(commit("a"), commit("b"), commit("c", author=Author("A", "other@example.org", "ann"))),
        *(commit("d", author=Author("Bob", "Bob@example.org")), commit("e", author=Author("B", "bob@example.org"))),
        *(commit("f", author="x[bot]"), commit("g", -8 * DAY, author="eve")),
    ]
    ids = tuple(f"commit:{sha}" for sha in "abcde")
    assert metrics.commits_each(snapshot(commits=commits)) == [point(2.5, of=ids)]


def test_nobody_has_no_commits_each() -> None:
    assert metrics.commits_each(snapshot(commits=[commit("f", author="x[bot]")])) == []
