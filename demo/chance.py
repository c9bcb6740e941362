"""Seeded chance: every decision has a key, so that none depends on how many were made before it."""

from __future__ import annotations

import hashlib
from random import Random
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Mapping

T = TypeVar("T")


def chance(*key: object) -> Random:
    """The random numbers that belong to this key, the same in every process."""
    return Random("/".join(map(str, key)))  # noqa: S311


def sha(*key: object) -> str:
    """A commit's name for this key."""
    return hashlib.sha1("/".join(map(str, key)).encode(), usedforsecurity=False).hexdigest()


def pick(random: Random, weights: Mapping[T, float]) -> T:
    """One of the keys, by weight."""
    return random.choices(list(weights), list(weights.values()))[0]


def around(random: Random, middle: float, spread: float = 1.0) -> int:
    """Seconds about `middle`, log-normal, at least 20."""
    return max(20, round(middle * random.lognormvariate(0, spread)))
