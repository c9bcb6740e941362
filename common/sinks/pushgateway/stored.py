"""What a Pushgateway holds, parsed at the border from its `/api/v1/metrics`. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from common.errors import SubmitError
from common.sample import Tags
from common.sinks import Owed, RunKey

DATA_JOB, HEALTH_JOB = "quarterdeck", "quarterdeck-health"
GROUPING = frozenset({"job", "instance", "collector", "shard"})
WATERMARK = "quarterdeck_counted_until_timestamp_seconds"
WATERMARK_METRIC = "counted_metric"
"""The label that names a metric, by its canonical name, where it lags behind its scope."""
LEDGER = "quarterdeck_ledger_begun_timestamp_seconds"
LAST_SUCCESS = "collector_run_last_success_timestamp_seconds"
_OF_THE_GATEWAY = frozenset({"labels", "last_push_successful"})


class Total(NamedTuple):
    """A counter's value, or a summary's sum with the number of its events."""

    value: float
    events: float = 0.0


class Stored(msgspec.Struct, frozen=True):
    """One group as it was read: how far each scope and metric has been counted, and the totals of each family.

    A family is its type and name: what was stored as another type is not a total of ours.

    `pushed` is the time of the last push that was taken; 0 for a group that is not there.
    """

    pushed: float = 0.0
    scopes: Mapping[str, float] = {}
    metrics: Mapping[tuple[str, str], float] = {}
    totals: Mapping[tuple[str, str], Mapping[Tags, Total]] = {}
    ledger: float | None = None

    def since(self, scope: str, metric: str) -> float | None:
        """From when on the metric's closed buckets are not counted yet; `None` where it never was."""
        return self.metrics.get((scope, metric), self.scopes.get(scope))

    def owed(self, last_success: float | None) -> Owed:
        """The same in the words of the contract of a sink."""
        return Owed(None, self.scopes, self.metrics, last_success, self.ledger)


class _Series(msgspec.Struct, gc=False):
    labels: dict[str, str] = {}
    value: str | None = None
    sum: str | None = None
    count: str | None = None


class _Family(msgspec.Struct):
    type: str
    metrics: list[_Series] | None = None


class _Kind(msgspec.Struct):
    type: str


class _Answer(msgspec.Struct):
    status: str
    data: list[dict[str, msgspec.Raw]] | None


class Group(msgspec.Struct, frozen=True):
    """One group: its key, and its families still undecoded."""

    labels: dict[str, str]
    families: dict[str, msgspec.Raw]

    def kinds(self) -> dict[str, str]:
        """The type of each family, in lower case."""
        return {name: _KIND.decode(raw).type.lower() for name, raw in self.families.items()}

    @property
    def key(self) -> RunKey | None:
        """Whose group it is; `None` for one that is not ours."""
        if self.labels.keys() != GROUPING or self.labels["job"] not in (DATA_JOB, HEALTH_JOB):
            return None
        return RunKey(self.labels["instance"], self.labels["collector"], self.labels["shard"])


_ANSWER = msgspec.json.Decoder(_Answer)
_LABELS = msgspec.json.Decoder(dict[str, str])
_FAMILY = msgspec.json.Decoder(_Family)
_KIND = msgspec.json.Decoder(_Kind)


def group_labels(key: RunKey, job: str = DATA_JOB) -> dict[str, str]:
    """The grouping key of a run's data, or of its health."""
    return {"job": job, "instance": key.instance, "collector": key.collector, "shard": key.shard}


def read_groups(body: bytes) -> list[Group]:
    """The groups in the gateway's answer; raises `SubmitError` for anything but a whole answer of a Pushgateway."""
    try:
        answer = _ANSWER.decode(body)
        if answer.status != "success":
            raise SubmitError(f"the Pushgateway could not be read: its answer has the status {answer.status[:40]!r}")
        return [
            Group(
                _LABELS.decode(each["labels"]),
                {name: raw for name, raw in each.items() if name not in _OF_THE_GATEWAY},
            )
            for each in answer.data or ()
        ]
    except (msgspec.MsgspecError, KeyError, UnicodeDecodeError) as error:
        raise _not_a_gateway(error) from None


def _not_a_gateway(error: Exception) -> SubmitError:
    return SubmitError(
        f"the Pushgateway could not be read: the answer is not that of a Pushgateway's /api/v1/metrics ({error}); "
        "check sinks.pushgateway.url"
    )


def stored_for(groups: Iterable[Group], key: RunKey) -> Stored:
    """What the groups hold of the run's data; raises `SubmitError` where that cannot be understood."""
    found = _group(groups, group_labels(key))
    if found is None:
        return Stored()
    try:
        return _stored(found)
    except (msgspec.MsgspecError, TypeError, ValueError) as error:
        raise _not_a_gateway(error) from None


def last_success(groups: Iterable[Group], key: RunKey) -> float | None:
    """When the run's health group says that a run last succeeded; raises `SubmitError` where it is not a number."""
    found = _group(groups, group_labels(key, HEALTH_JOB))
    if found is None or LAST_SUCCESS not in found.families:
        return None
    try:
        values = [float(each.value or "") for each in _FAMILY.decode(found.families[LAST_SUCCESS]).metrics or ()]
    except (msgspec.MsgspecError, ValueError) as error:
        raise _not_a_gateway(error) from None
    return max(values, default=None)


def _group(groups: Iterable[Group], labels: Mapping[str, str]) -> Group | None:
    return next((each for each in groups if each.labels == labels), None)


def _stored(group: Group) -> Stored:
    totals: dict[tuple[str, str], dict[Tags, Total]] = {}
    for name, kind in group.kinds().items():
        if kind == "counter":
            totals[kind, name] = {_tags(each): Total(float(each.value or "")) for each in _series(group, name)}
        elif kind == "summary":
            totals[kind, name] = {
                _tags(each): Total(float(each.sum or ""), float(each.count or "")) for each in _series(group, name)
            }
    scopes: dict[str, float] = {}
    metrics: dict[tuple[str, str], float] = {}
    for each in _series(group, WATERMARK):
        own = dict(_tags(each))
        metric, mark = own.pop(WATERMARK_METRIC, None), float(each.value or "")
        if len(own) != 1 or not math.isfinite(mark):
            raise ValueError(f"{WATERMARK} names no scope or no time")
        scope = next(iter(own.values()))
        if metric is None:
            scopes[scope] = mark
        else:
            metrics[scope, metric] = mark
    pushed = max((float(each.value or "") for each in _series(group, "push_time_seconds")), default=0.0)
    ledger = next((float(each.value or "") for each in _series(group, LEDGER)), None)
    return Stored(pushed, scopes, metrics, totals, ledger)


def _series(group: Group, name: str) -> list[_Series]:
    raw = group.families.get(name)
    return (_FAMILY.decode(raw).metrics or []) if raw is not None else []


def _tags(series: _Series) -> Tags:
    # Prometheus does not tell an empty label from a missing one.
    return tuple(sorted([pair for pair in series.labels.items() if pair[0] not in GROUPING and pair[1]]))
