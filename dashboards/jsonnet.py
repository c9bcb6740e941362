"""Jsonnet, evaluated with no way out of this folder."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from common.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent


def evaluate(entry: str, provided: Mapping[str, str], arguments: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  any JSON
    """What the file `entry` below this folder says, as plain data.

    `provided` are files that exist only for this call, by name, `entry` among them if need be; `arguments` are the
    top-level function's, where `entry` is one. Raises `ConfigError` where Jsonnet refuses.
    """
    try:
        from _gojsonnet import evaluate_snippet  # noqa: PLC0415  only where something is rendered
    except ModuleNotFoundError:
        raise ConfigError("dashboards need gojsonnet; install it with: pip install 'quarterdeck[dashboards]'") from None
    codes = {name: msgspec.json.encode(value).decode() for name, value in (arguments or {}).items()}

    def import_file(folder: str, name: str) -> tuple[str, bytes]:
        if name in provided:
            return name, provided[name].encode()
        path = (ROOT / folder / name).resolve()
        if not path.is_relative_to(ROOT):
            raise RuntimeError(f"{name} lies outside of {ROOT.name}/")
        return str(path), path.read_bytes()

    given = provided[entry] if entry in provided else (ROOT / entry).read_text("utf-8")
    try:
        text: str = evaluate_snippet(str(ROOT / entry), given, import_callback=import_file, tla_codes=codes)
    except RuntimeError as error:
        raise ConfigError(f"{entry}: {str(error).strip()}") from None
    return msgspec.json.decode(text)
