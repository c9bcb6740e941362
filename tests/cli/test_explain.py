"""`collect explain`: of a scope, of a rollup, and with what a ledger keeps."""

from __future__ import annotations

import json
import time

import pytest

from common.window import WEEK, Window
from demo import Organisation, Rates, serve
from tests.cli.conftest import Collect, git

BOTH = 'collectors: {git: {paths: [., more/tools]}}\nrollups: [{name: both, match: ["sho?", tools]}]\n'


@pytest.fixture
def two_clones(repository):
    other = repository / "more" / "tools"
    other.mkdir(parents=True)
    git(other, "init", "-q", "-b", "main")
    (other / "file").write_text("one line\n")
    git(other, "add", ".")
    git(other, "commit", "-q", "-m", "First here")
    (repository / "quarterdeck.yaml").write_text(BOTH)


def explained(collect, *arguments, **environ):
    answer = collect("explain", *arguments, "--json", **environ)
    assert answer.code == 0, answer.err
    return json.loads(answer.out)["explanations"]


def test_a_rollup_lists_the_events_of_all_its_scopes(collect, two_clones):
    (found,) = explained(collect, "git.commit.landed", "--scope", "both")
    assert (found["scope"], found["records_in_all"]) == ("both", 4)
    assert {each["scope"] for each in found["records"]} == {"shop", "tools"}
    assert sum(value for tags, value in found["samples"]) == 4
    times = [each["at"] for each in found["records"]]
    assert times == sorted(times, reverse=True)


def test_a_rollups_number_is_that_of_the_union(collect, two_clones):
    (pooled,) = explained(collect, "git.commit.time_to_land", "--scope", "both")
    assert [value["count"] for _, value in pooled["samples"]] == [4]
    (people,) = explained(collect, "git.contributor.active", "--scope", "both")
    assert sum(value for _, value in people["samples"]) == 1
    assert {each["scope"] for each in people["records"]} == {"shop", "tools"}


def test_its_lines_name_the_scope_of_each_record(collect, two_clones):
    answer = collect("explain", "git.commit.landed", "--scope", "both", "--limit", "1")
    assert answer.out.count("  tools  1  ") + answer.out.count("  shop  1  ") == 1
    assert "... and 3 more; --limit shows them" in answer.out


def test_one_scope_and_all_of_them_are_explained_as_before(collect, two_clones):
    assert [each["scope"] for each in explained(collect, "git.commit.landed", "--scope", "shop")] == ["shop"]
    assert [each["scope"] for each in explained(collect, "git.commit.landed")] == ["shop", "tools"]


def test_what_is_neither_scope_nor_rollup_is_a_mistake(collect, two_clones):
    answer = collect("explain", "git.commit.landed", "--scope", "bot")
    assert answer.code == 2
    assert "--scope 'bot' is neither a scope nor a rollup" in answer.err


GITHUB = """
ledger: ledger.db
collectors: {github: {repositories: ["simulated-acme/*"], archived: true, forks: true, bots: %s}}
rollups: [{name: shop, match: [simulated-acme/web, simulated-acme/api]}]
"""


def test_github_is_explained_with_the_ledger_and_with_links(tmp_path, pushgateway):
    end = int(time.time())
    organisation = Organisation(seed=3, size="small", end=end)
    (tmp_path / "quarterdeck.yaml").write_text(GITHUB % list(organisation.settings.bots))
    plenty = Rates(core=10**6, graphql=10**6, core_a_minute=10**6, graphql_a_minute=10**6)
    with serve(organisation, time.time, rates=plenty) as server:
        environ = {"GITHUB_API_URL": server.url, "GITHUB_TOKEN": "simulated-token"}
        collect = Collect(tmp_path)
        assert collect("--push", PUSHGATEWAY_URL=pushgateway.url, **environ).code == 0
        kept, first = (tmp_path / "ledger.db").read_bytes(), len(server.requests)
        (found,) = explained(collect, "github.pull_request.merged", "--scope", "shop", "--limit", "99", **environ)
        asked = len([one for one in server.requests[first:] if one.status != 304])
    told = organisation.truth(Window(end - WEEK, end), end, repositories=["simulated-acme/web", "simulated-acme/api"])
    true = {
        (repository, f"pr:{each.id}")
        for (metric, repository, _), events in told.items()
        if metric == "github.pull_request.merged"
        for each in events
    }
    assert {(each["scope"], each["id"]) for each in found["records"]} == true
    assert all(each["url"].endswith(f"/{each['scope']}/pull/{each['id'][3:]}") for each in found["records"])
    assert asked < first / 3
    assert (tmp_path / "ledger.db").read_bytes() == kept
