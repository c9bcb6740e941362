"""Settings: what is right is taken, and each of hundreds of mistakes is one sentence that names its key."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest
import yaml

from common.duration import Duration
from common.errors import ConfigError
from common.schema import settings_rows
from common.settings import (
    CollectorSettings,
    DatadogSettings,
    PushgatewaySettings,
    Settings,
    Struct,
    collector_settings,
    find_file,
    load_settings,
)
from common.strict import shown

CANARY = "canary-5up3r-s3cret-value-that-is-long"
EXAMPLE = """
instance: prod-eu
window: 7d
settle: 2m
catch_up: 7d
deadline: 10m
schedule_interval: 15m
tags: {env: production, region: eu}
ledger: {url: postgresql://quarterdeck@db/metrics, password: env:LEDGER_PASSWORD, keep: 400d}
metrics: {exclude: ["github.repository.*"], drop_tags: [author]}
rollups: [{name: payments, match: "acme/pay-*", tags: {team: money}}]
objectives:
  - {name: review, metric: a.b, tags: {c: [d]}, statistic: p95, comparison: "<=", target: 24h, window: 7d, match: "a/*"}
  - {name: ci, good: {metric: a.b, tags: {result: good}}, total: {metric: a.b}, target: 0.95}
collectors:
  git: {type: git, window: 14d, tags: {team: core}}
sinks:
  datadog:
    api_key: env:DD_API_KEY
    app_key: env:DD_APP_KEY
    site: datadoghq.eu
    url: https://proxy:8443/datadog
    compression: zstd
    distribution: [count, p50]
    historical: true
  pushgateway:
    url: http://pushgateway:9091
    username: someone
    password: file:/run/secrets/password
    token: env:TOKEN
    ca_file: /etc/ca.pem
    cert_file: /etc/cert.pem
    key_file: /etc/key.pem
log: {level: info, format: json}
"""


def example() -> dict:
    return yaml.safe_load(EXAMPLE)


def read(data: object, kind: type[CollectorSettings] = CollectorSettings) -> Settings:
    """What the command line does: the file, then each collector's block."""
    settings = load_settings(data, {})
    for name, block in settings.collectors.items():
        collector_settings(name, block, kind)
    return settings


def complaint(data: object, kind: type[CollectorSettings] = CollectorSettings) -> str:
    with pytest.raises(ConfigError) as caught:
        read(data, kind)
    text = str(caught.value)
    assert CANARY not in text
    assert "\n" not in text
    assert len(text) < 500
    return text


def leaves(data: object, path: tuple = ()) -> list[tuple]:
    """The path of every key below, maps and lists included."""
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [found for key, value in items for found in ((*path, key), *leaves(value, (*path, key)))]


def changed(path: tuple, value: object) -> dict:
    data = example()
    inner = data
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = copy.deepcopy(value)
    return data


def written(path: tuple) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


LEAVES = leaves(example())
MAPS = [
    (),
    *(path for path in LEAVES if isinstance(eval("d" + "".join(f"[{s!r}]" for s in path), {"d": example()}), dict)),
]
WRONG = {
    "a mapping": {"x": {"y": 1}},
    "a list": [[1]],
    "a huge number": 10**400,
    "not a number": float("nan"),
    "nothing": None,
    "true": True,
}


def fits(path: tuple, value: object) -> bool:
    """Whether the wrong value happens to be right here."""
    accepts_nothing = path[0] == "sinks" and (len(path) < 3 or path[2] not in {"api_key", "distribution", "historical"})
    accepts_nothing = accepts_nothing or path in {("ledger",), ("ledger", "password")}
    if path[0] == "objectives":  # keys that go together, and what no schema can say: test_objective_settings.py
        together = path[-1] in {"good", "total", "metric", "statistic", "comparison"}
        return together if value is None else path[-1] == "target" and value != value  # noqa: PLR0124
    return (value is None and (accepts_nothing or (path[-1] == "window" and len(path) == 3))) or (
        value is True and path[-1] == "historical"
    )


MUTATIONS = [
    pytest.param(path, value, id=f"{written(path)}: {name}")
    for path in LEAVES
    for name, value in WRONG.items()
    if not fits(path, value)
]


def test_there_are_more_than_200_mutations():
    assert len(MUTATIONS) + 2 * len(MAPS) > 200


def test_the_example_is_right_and_read_whole():
    settings = read(example())

    assert settings.sinks.datadog == DatadogSettings(
        api_key="env:DD_API_KEY",
        app_key="env:DD_APP_KEY",
        site="datadoghq.eu",
        url="https://proxy:8443/datadog",
        compression="zstd",
        distribution=("count", "p50"),
        historical=True,
    )
    assert (settings.instance, settings.window, settings.deadline) == ("prod-eu", 604_800, 600)
    assert {row.path.split(".")[-1] for row in settings_rows()} <= {str(path[-1]) for path in LEAVES}


@pytest.mark.parametrize(("path", "value"), MUTATIONS)
def test_a_wrong_value_names_its_key(path, value):
    text = complaint(changed(path, value))

    assert text.startswith(written(path))
    assert "found" in text or "is not a setting" in text or "a tag is" in text


@pytest.mark.parametrize("path", [path for path in LEAVES if not isinstance(path[-1], int)], ids=written)
def test_a_long_value_is_never_repeated(path):
    for value in ([[CANARY]], {"x": [[CANARY]]}):
        assert complaint(changed(path, value)).startswith(written(path))


@pytest.mark.parametrize("path", MAPS, ids=lambda path: written(path) or "top")
@pytest.mark.parametrize("key", ["surprise", "Env", CANARY + "-" * 70])
def test_an_unknown_key_is_named_at_every_level(path, key):
    if path == ("collectors",):
        expected = "the name must be 1 to 63 lower-case letters" if key != "surprise" else "expected a mapping, found 1"
    elif path and path[-1] == "tags":
        several = path[0] == "objectives"
        expected = "expected text or a list of text, found 1" if several else "expected text, found 1; put it in quotes"
    else:
        expected = "is not a setting"
    text = complaint(changed((*path, key), 1)).replace(f"<{len(key)} characters>", key)

    assert text.startswith(written((*path, key)))
    assert expected in text


A_LENGTH = (
    "window: a length of time is a number with s, m, h, d or w, above zero and below 100 years, such as 15m or 7d"
)
A_TAG = (
    "a tag is a lower-case word with digits and _, and not one of "
    "collector, device, host, instance, job, le, quantile, rollup, service, shard, source, version"
)
AN_ADDRESS = "must be an http:// or https:// URL without a user name, query or fragment"


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"log": {"level": "x"}}, 'log.level: "x" is not one of debug, info, warning, error'),
        ({"log": {"levle": "x"}}, "log.levle is not a setting; did you mean level?; accepted here: level, format"),
        ({"window": 7}, "window: expected a length of time such as 15m or 7d, found 7"),
        (
            {"window": "a week"},
            A_LENGTH + '; found "a week"',
        ),
        (
            {"tags": None},
            "tags: expected a mapping, found nothing; leave the key out, or write {} for an empty mapping",
        ),
        ({"tags": {"env": True}}, "tags.env: expected text, found true; put it in quotes"),
        ({"tags": {"a.b": 1}}, 'tags."a.b": expected text, found 1; put it in quotes'),
        (
            {"tags": {"host": "x"}},
            f"tags.host: {A_TAG}",
        ),
        (
            {"metrics": {"exclude": "git.*"}},
            'metrics.exclude: expected a list of text, found "git.*"; write it in [brackets]',
        ),
        ({"metrics": {"exclude": ["a", 2]}}, "metrics.exclude[1]: expected text, found 2; put it in quotes"),
        ({"instance": ""}, 'instance: expected text of 1 to 100 characters, found ""'),
        ({"instance": "x" * 101}, "instance: expected text of 1 to 100 characters, found 101 characters of text"),
        (
            {"collectors": {"Git!": {}}},
            'collectors."Git!": the name must be 1 to 63 lower-case letters, digits, _ and -, beginning with a letter',
        ),
        (
            {"collectors": {"git": None}},
            "collectors.git: expected a mapping, found nothing; leave the key out, or write {} for an empty mapping",
        ),
        (
            {"sinks": {"datadog": {"api_key": 123456}}},
            "sinks.datadog.api_key: expected text, found no text; put it in quotes",
        ),
        (
            {"sinks": {"datadog": {"distribution": ["p42"]}}},
            'sinks.datadog.distribution[0]: "p42" is not one of count, avg, min, max, p50, p90, p95, p99',
        ),
        (
            {"sinks": {"datadog": {"site": "https://app.datadoghq.eu"}}},
            "sinks.datadog.site (DD_SITE) must be a site's name such as datadoghq.com or datadoghq.eu",
        ),
        (
            {"sinks": {"pushgateway": {}}},
            "sinks.pushgateway.url is missing: give the gateway's URL there or in PUSHGATEWAY_URL",
        ),
        (
            {"sinks": {"pushgateway": {"url": "gateway:9091"}}},
            f"sinks.pushgateway.url (PUSHGATEWAY_URL) {AN_ADDRESS}",
        ),
    ],
)
def test_a_mistake_is_told_in_these_words(change, text):
    assert complaint(change) == text


@pytest.mark.parametrize(
    "url", ["http://user:pass@host", "ftp://host", "http://", "http://host?x=1", "http://host#f", "http://a b"]
)
def test_an_address_holds_no_credentials_and_no_query(url):
    assert "must be an http:// or https:// URL" in complaint({"sinks": {"datadog": {"url": url}}})


class Repository(Struct, frozen=True, kw_only=True):
    """One repository."""

    match: str
    """A name or glob."""
    tags: dict[str, str] = {}  # noqa: RUF012  records copy it
    """Tags for it."""


Limit = Annotated[int, msgspec.Meta(ge=1, le=9, description="a whole number from 1 to 9")]


class Rich(CollectorSettings, frozen=True, kw_only=True):
    """A collector with every kind of setting."""

    repositories: tuple[str | Repository, ...] = ()
    """Names, globs
    or blocks."""
    limits: dict[str, Limit] = {}  # noqa: RUF012
    by_name: dict[str, Repository] = {}  # noqa: RUF012
    mode: Literal["fast", "slow"] | None = None
    share: float = 0.5


@pytest.mark.parametrize(
    ("block", "text"),
    [
        ({"repositories": [3]}, "c.repositories[0]: expected text or a mapping, found 3"),
        ({"repositories": ["a", {"match": 3}]}, "c.repositories[1].match: expected text, found 3; put it in quotes"),
        ({"repositories": [{}]}, "c.repositories[0].match is missing: expected text"),
        (
            {"repositories": [{"match": "x", "tag": {}}]},
            "c.repositories[0].tag is not a setting; did you mean tags?; accepted here: match, tags",
        ),
        ({"limits": {"cpu": 1, "disk": 10}}, "c.limits.disk: expected a whole number from 1 to 9, found 10"),
        (
            {"limits": {"cpu": 10**30}},
            "c.limits.cpu: expected a whole number from 1 to 9, found a number of many digits",
        ),
        (
            {"by_name": {"x": {"match": "m", "tags": {"y": 1}}}},
            "c.by_name.x.tags.y: expected text, found 1; put it in quotes",
        ),
        ({"mode": "medium"}, 'c.mode: "medium" is not one of fast, slow'),
        ({"mode": 3}, "c.mode: expected one of fast, slow, found 3"),
        ({"share": "half"}, 'c.share: expected a number, found "half"'),
        (
            {"tags": {"le": "x"}},
            f"c.tags.le: {A_TAG}",
        ),
    ],
)
def test_the_real_key_is_named_in_maps_lists_and_unions(block, text):
    assert complaint({"collectors": {"c": block}}, Rich) == f"collectors.{text}"


def test_a_collector_s_block_is_read_as_its_own_record():
    block = {"window": "3d", "repositories": ["a", {"match": "b"}]}

    assert collector_settings("c", block, Rich) == Rich(
        window=Duration(259_200), repositories=("a", Repository(match="b"))
    )


def test_the_environment_fills_what_the_file_leaves_out():
    environ = {"DD_API_KEY": "x", "DD_SITE": "datadoghq.eu", "DD_APP_KEY": "y", "PUSHGATEWAY_URL": "http://gw:9091/"}
    settings = load_settings({}, {**environ, "QUARTERDECK_INSTANCE": "prod", "DD_URL": "https://proxy/"})

    assert settings.instance == "prod"
    assert settings.sinks.datadog == DatadogSettings(site="datadoghq.eu", app_key="env:DD_APP_KEY", url="https://proxy")
    assert settings.sinks.pushgateway == PushgatewaySettings(url="http://gw:9091")


def test_the_file_wins_over_the_environment():
    environ = {"DD_API_KEY": "x", "DD_SITE": "a.b", "PUSHGATEWAY_URL": "http://gw", "QUARTERDECK_INSTANCE": "prod"}
    settings = load_settings({"instance": "mine", "sinks": {"datadog": {"site": "datadoghq.com"}}}, environ)

    assert (settings.instance, settings.sinks.datadog.site, settings.sinks.pushgateway) == (
        "mine",
        "datadoghq.com",
        None,
    )


def test_without_settings_and_variables_no_sink_is_on():
    settings = load_settings({}, {"DD_API_KEY": "", "PUSHGATEWAY_URL": ""})

    assert (settings.sinks.datadog, settings.sinks.pushgateway) == (None, None)


def test_a_variable_that_cannot_be_right_is_named():
    with pytest.raises(
        ConfigError, match="QUARTERDECK_INSTANCE: expected text of 1 to 100 characters, found 200 characters"
    ):
        load_settings({}, {"QUARTERDECK_INSTANCE": "x" * 200})


def test_the_settings_file_is_the_one_given_or_the_first_of_the_usual_places(tmp_path):
    (tmp_path / "quarterdeck.yaml").touch()

    assert find_file(Path("mine"), {"QUARTERDECK_CONFIG": "other"}, tmp_path) == Path("mine")
    assert find_file(None, {"QUARTERDECK_CONFIG": "other"}, tmp_path) == Path("other")
    assert find_file(None, {}, tmp_path) == tmp_path / "quarterdeck.yaml"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("short", '"short"'),
        ("x" * 17, "17 characters of text"),
        (True, "true"),
        (None, "nothing"),
        ([], "a list"),
        (1.5, "1.5"),
        (10**100, "a number of many digits"),
        ({}, "a mapping"),
        (b"x", "something else"),
    ],
)
def test_a_value_is_shown_only_where_it_is_short(value, text):
    assert shown(value) == text


def test_data_nested_deeply_is_a_mistake_and_not_a_crash():
    data: object = "x"
    for _ in range(10_000):
        data = [data]

    assert complaint({"metrics": {"exclude": data}}) == "metrics.exclude[0]: expected text, found a list"


def test_two_rollups_of_one_name_are_refused():
    twice = {"rollups": [{"name": "pay", "match": "a/*"}, {"name": "pay", "match": ["b/*", "!b/old"]}]}

    assert complaint(twice) == "rollups[1].name: 'pay' is the name of an earlier one; choose another"


def test_a_rollup_needs_a_pattern_and_takes_only_tags_that_sinks_can_keep():
    assert complaint({"rollups": [{"name": "pay", "match": []}]}).startswith("rollups[0].match: expected")
    assert complaint({"rollups": [{"name": "pay", "match": "a", "tags": {"job": "x"}}]}).startswith(
        "rollups[0].tags.job:"
    )
