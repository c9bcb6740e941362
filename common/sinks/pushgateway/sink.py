"""The sink: reads the gateway before the fetch, looks again before the PUT, and replaces its own group at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property, partial

import msgspec

from common.collector import Check
from common.deadline import Deadline
from common.errors import ConfigError, SubmitError
from common.meter import Meter
from common.naming import prometheus_name
from common.secrets import Secrets
from common.settings import PushgatewaySettings
from common.sinks import Batch, Owed, Receipt, RunKey
from common.sinks.pushgateway.exposition import count_lines, render
from common.sinks.pushgateway.gateway import API, Gateway, RefusedError
from common.sinks.pushgateway.merge import Family, families_of
from common.sinks.pushgateway.prune import conflicts
from common.sinks.pushgateway.stored import (
    HEALTH_JOB,
    LAST_SUCCESS,
    Stored,
    group_labels,
    last_success,
    stored_for,
)

_REQUESTS = 2


def build(settings: PushgatewaySettings, secrets: Secrets | None, deadline: Deadline, meter: Meter) -> PushgatewaySink:
    """The sink of these settings; without `secrets` it can only estimate. Raises `ConfigError`."""
    password, token = (
        secrets.get(reference, f"sinks.pushgateway.{name}") if secrets and reference else None
        for name, reference in (("password", settings.password), ("token", settings.token))
    )
    return PushgatewaySink(partial(Gateway, settings, deadline, meter, password=password, token=token), meter)


class _Known(msgspec.Struct, frozen=True):
    stored: Stored
    last_success: float | None


class Pruned(msgspec.Struct, frozen=True):
    """A group that was deleted, or would be."""

    job: str
    key: RunKey


class PushgatewaySink:
    """A `Sink` that pushes to one Pushgateway; the first method that asks it raises what `open_gateway` raises."""

    name = API
    carries_totals = True

    def __init__(self, open_gateway: Callable[[], Gateway], meter: Meter) -> None:
        self._open_gateway, self._meter = open_gateway, meter
        self._known: dict[RunKey, _Known] = {}

    @cached_property
    def _gateway(self) -> Gateway:
        return self._open_gateway()

    def prepare(self, key: RunKey, end: float) -> Owed:
        """How far each scope and metric has been counted; raises `SubmitError` when the gateway cannot be read."""
        del end
        groups = self._gateway.groups()
        known = _Known(stored_for(groups, key), last_success(groups, key))
        self._known[key] = known
        return known.stored.owed(known.last_success)

    def submit(self, batch: Batch) -> Receipt:
        """Replace the group in one PUT; raises `SubmitError` when the gateway did not take it."""
        if batch.key not in self._known:
            raise SubmitError("the Pushgateway has not been read in this run, so its totals cannot be carried on")
        before = self._requests()
        prepared = self._known[batch.key].stored
        families = families_of(batch, prepared, self._look_again(batch.key, prepared))
        payload = self._put(group_labels(batch.key), families)
        return Receipt(self.name, count_lines(families), payload, self._requests() - before)

    def report(self, batch: Batch) -> Receipt:
        """Replace the health group; raises `SubmitError` when the gateway did not take it."""
        before = self._requests()
        families = families_of(batch, Stored(), Stored())
        if not any(each.name == LAST_SUCCESS for each in families):
            families += self._last_success(batch)
        payload = self._put(group_labels(batch.key, HEALTH_JOB), families)
        return Receipt(self.name, count_lines(families), payload, self._requests() - before)

    def estimate(self, batch: Batch) -> Receipt:
        """What a first run would send, without any I/O."""
        families = families_of(batch, Stored(), Stored())
        return Receipt(self.name, count_lines(families), len(render(families)), _REQUESTS)

    def stored(self, key: RunKey) -> Stored:
        """What the gateway holds of this key's data; raises `SubmitError` when it cannot be read."""
        return stored_for(self._gateway.groups(), key)

    def prune(self, is_retired: Callable[[RunKey], bool], *, dry: bool = False) -> tuple[Pruned, ...]:
        """Delete our groups, of data and of health, whose key is retired; what was deleted, or with `dry` would be."""
        found = [
            Pruned(each.labels["job"], key)
            for each in self._gateway.groups()
            if (key := each.key) is not None and is_retired(key)
        ]
        for each in () if dry else found:
            self._gateway.delete(group_labels(each.key, each.job))
        return tuple(found)

    def check(self) -> Iterator[Check]:
        """Whether the gateway answers, takes the credentials, and what it holds of ours."""
        try:
            version = self._gateway.version()
            groups = self._gateway.groups()
        except (ConfigError, SubmitError) as error:
            words, _, remedy = str(error).partition("; ")
            yield Check("pushgateway", "failed", words, remedy or "see that it runs and can be reached from here")
            return
        yield Check("pushgateway", "ok", f"version {version} answers")
        ours = sum(each.key is not None for each in groups)
        yield Check("pushgateway groups", "ok", f"{len(groups)} groups, {ours} of them Quarterdeck's")

    def _look_again(self, key: RunKey, prepared: Stored) -> Stored:
        """What is there now; read in full only if somebody pushed since."""
        if self._gateway.pushed(group_labels(key)) == prepared.pushed:
            return prepared
        return stored_for(self._gateway.groups(), key)

    def _put(self, labels: dict[str, str], families: list[Family]) -> int:
        body = render(families)
        try:
            self._gateway.put(labels, body)
        except RefusedError as error:
            raise SubmitError(f"{error}{self._explain(labels, families)}") from None
        return len(body)

    def _explain(self, labels: dict[str, str], families: list[Family]) -> str:
        try:
            return conflicts(self._gateway.groups(), labels, families)
        except SubmitError:
            return ""

    def _last_success(self, batch: Batch) -> list[Family]:
        known = self._known.get(batch.key)
        at = known.last_success if known else last_success(self._gateway.groups(), batch.key)
        text = next((each.description for each in batch.metrics if prometheus_name(each) == LAST_SUCCESS), "")
        return [Family(LAST_SUCCESS, "gauge", text, {(): at})] if at else []

    def _requests(self) -> int:
        return sum(count for (api, _), count in self._meter.read().requests.items() if api == self.name)
