"""Which groups are whose: retired ones of ours, and others' that stand in our way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import msgspec

from common.errors import SubmitError
from common.sinks import RunKey
from common.sinks.pushgateway.merge import Family
from common.sinks.pushgateway.stored import Group


def of_instance(instance: str) -> Callable[[RunKey], bool]:
    """Every group of an instance that is no more."""
    return lambda key: key.instance == instance


def not_configured(
    instance: str, collectors: Collection[str], shards: Mapping[str, int] | None = None
) -> Callable[[RunKey], bool]:
    """The instance's own groups of collectors that its settings no longer name, and of shards that are no more.

    `shards` says into how many a collector is cut; all groups stay of one for which it does not.
    """
    existing = {name: {str(index) for index in range(count)} for name, count in (shards or {}).items()}

    def is_retired(key: RunKey) -> bool:
        gone = key.collector not in collectors or key.shard not in existing.get(key.collector, {key.shard})
        return key.instance == instance and gone

    return is_retired


def conflicts(groups: Iterable[Group], labels: Mapping[str, str], families: Iterable[Family]) -> str:
    """Which group holds a metric of ours as another type, and what to do about it; nothing where none does."""
    own = {each.name: each.type for each in families}
    for group in groups:
        if group.labels == labels:
            continue
        for name, kind in _kinds(group).items():
            if own.get(name, kind) != kind:
                key = ", ".join(f'{label}="{text}"' for label, text in sorted(group.labels.items()))
                return (
                    f"; the group {{{key}}} holds {name} as a {kind}, ours is a {own[name]}: "
                    "delete that group, or rename the metric where it comes from"
                )
    return ""


def _kinds(group: Group) -> dict[str, str]:
    try:
        return group.kinds()
    except msgspec.MsgspecError as error:
        raise SubmitError(f"a group of the Pushgateway cannot be understood: {error}") from None
