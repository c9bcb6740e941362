"""Which of several jobs looks at a scope. Pure."""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping

import msgspec

from common.errors import ConfigError


class Shard(msgspec.Struct, frozen=True):
    """Part `index`, from 0, of `of` parts."""

    index: int = 0
    of: int = 1

    def owns(self, scope: str) -> bool:
        """Whether this part looks at the scope; every scope has exactly one part, whatever the others are."""
        return zlib.crc32(scope.encode()) % self.of == self.index


def parse_shard(text: str | None, environ: Mapping[str, str]) -> Shard:
    """`I/N`, or `N` with Kubernetes' `JOB_COMPLETION_INDEX` as I; raises `ConfigError`."""
    if text is None:
        return Shard()
    found = re.fullmatch(r"(?:(\d{1,4})/)?(\d{1,4})", text)
    index = (found[1] or environ.get("JOB_COMPLETION_INDEX", "")) if found else ""
    if not found or not index.isdigit() or not int(index) < int(found[2]):
        raise ConfigError(
            f"--shard {text!r}: write I/N with I from 0 to N-1, such as 0/4, or N where JOB_COMPLETION_INDEX is set"
        )
    return Shard(int(index), int(found[2]))
