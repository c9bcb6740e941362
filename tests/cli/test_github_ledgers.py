"""GitHub through the whole command: the same numbers with PostgreSQL, with SQLite, with no ledger, and in shards."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from common.window import BUCKET
from demo import Organisation, Rates, serve
from tests.cli.conftest import Collect

pytestmark = pytest.mark.slow

END = 1_700_000_000
PLENTY = Rates(core=10**6, graphql=10**6, core_a_minute=10**6, graphql_a_minute=10**6)
SETTINGS = """
instance: {instance}
ledger: {ledger}
collectors:
  github:
    repositories: ["simulated-acme/*"]
    archived: true
    forks: true
    jobs: true
    bots: {bots}
    issue_classes: {{bug: [bug], feature: [feature]}}
"""


KEPT = """
SELECT instance, scope, kind, count(*) FROM quarterdeck.records JOIN quarterdeck.spaces ON space = spaces.id
GROUP BY instance, scope, kind ORDER BY instance, scope, kind
"""


@pytest.fixture(scope="module")
def organisation():
    return Organisation(seed=2, size="small", end=END)


class Installation:
    """One installation's folder and what its runs submit."""

    def __init__(self, folder, instance, ledger, organisation, environ):
        self.collect = Collect(folder / instance, program="tests.cli.at")
        self.environ = environ
        self.collect.folder.mkdir()
        bots = json.dumps(organisation.settings.bots)
        (self.collect.folder / "quarterdeck.yaml").write_text(
            SETTINGS.format(instance=instance, ledger=ledger, bots=bots)
        )

    def push(self, now, *more):
        answer = self.collect(str(now), "github", "--push", "--json", *more, **self.environ)
        assert answer.code == 0, answer.err
        (run,) = json.loads(answer.out)["runs"]
        assert (run["outcome"], run["failures"]) == ("success", [])
        return {(each["metric"], *sorted(each["tags"].items())): each["value"] for each in run["samples"]}


def test_every_ledger_and_none_lead_to_the_same_numbers(organisation, tmp_path, pushgateway, postgresql):
    now = [END]
    with serve(organisation, lambda: now[0], rates=PLENTY) as server:
        environ = {
            "GITHUB_API_URL": server.url,
            "GITHUB_TOKEN": "simulated-token",
            "PUSHGATEWAY_URL": pushgateway.url,
            "LEDGER_PASSWORD": postgresql.password,
        }
        kept = f"{{url: '{postgresql.url}', password: 'env:LEDGER_PASSWORD'}}"
        ledgers = {"none": "null", "sqlite": "ledger.db", "postgresql": kept, "sharded": kept}
        made = {name: Installation(tmp_path, name, ledger, organisation, environ) for name, ledger in ledgers.items()}
        found = {}
        for _ in range(2):
            for name in ("none", "sqlite", "postgresql"):
                found[name] = made[name].push(now[0])
            with ThreadPoolExecutor(2) as pool:
                parts = list(pool.map(lambda shard: made["sharded"].push(now[0], "--shard", shard), ("0/2", "1/2")))
            assert not parts[0].keys() & parts[1].keys()
            found["sharded"] = parts[0] | parts[1]
            assert len(found["none"]) > 300
            for name in ("sqlite", "postgresql", "sharded"):
                assert found[name] == found["none"]
            now[0] += BUCKET
    rows = postgresql.query(KEPT)
    assert {name for name, *_ in rows} == {"postgresql", "sharded"}
    whole, sharded = ([row for name, *row in rows if name == each] for each in ("postgresql", "sharded"))
    assert whole == sharded
    assert sum(number for *_, number in whole) > 300
