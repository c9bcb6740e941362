"""YAML as settings need it: small, plain, each key once, and errors that quote no line of the file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from common.errors import ConfigError
from common.strict import shown

LARGEST_FILE = 1024 * 1024
DEEPEST, MOST_VALUES = 50, 100_000
_MERGE = "tag:yaml.org,2002:merge"
_DATE = "tag:yaml.org,2002:timestamp"


def read_file(path: Path) -> dict[str, Any]:
    """The file's mapping; raises `ConfigError` for a file that cannot be read or is not a YAML mapping."""
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise ConfigError(f"{path} cannot be read: {reason}") from None
    if len(content) > LARGEST_FILE:
        raise ConfigError(f"{path} is larger than {LARGEST_FILE} bytes")
    try:
        data = parse_yaml(content)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None
    if data is None:
        return {}
    if not isinstance(data, dict):
        raise ConfigError(f"{path} must hold a mapping of settings, not {shown(data)}")
    return data


def parse_yaml(content: bytes) -> object:
    """The document's value; raises `ConfigError` with the line of what is wrong."""
    try:
        loader = _Loader(content.decode("utf-8-sig"))
        node = loader.get_single_node()
        if node is None:
            return None
        _measure(node, {}, 1)
        return loader.construct_document(node)
    except UnicodeDecodeError as error:
        raise ConfigError(f"not UTF-8 text: byte {error.start + 1} is out of place") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ConfigError(f"not YAML: line {mark.line + 1 if mark else '?'}: {_problem(error)}") from None
    except yaml.reader.ReaderError as error:
        raise ConfigError(f"not YAML: the character at place {error.position + 1} is not allowed") from None
    except RecursionError:
        raise ConfigError(f"nested more than {DEEPEST} levels deep") from None


def _problem(error: yaml.MarkedYAMLError) -> str:
    """The parser's words without what they quote from the file, which could be a misplaced secret."""
    text = error.problem or error.context or "it cannot be read"
    if "constructor" in text:
        return "a tag such as !name is not accepted"
    if "'\\t'" in text:
        return "a tab cannot indent; use spaces"
    if "alias" in text or "anchor" in text:
        return "an alias needs one anchor of its name, before it"
    return text


class _Loader(yaml.SafeLoader):
    """YAML whose mappings name no key twice (the first would be lost), and whose dates are text."""

    def fetch_flow_collection_start(self, token: type[yaml.Token]) -> None:
        if self.flow_level >= DEEPEST:  # the scanner's time grows with the square of it
            raise ConfigError(f"line {self.line + 1}: nested more than {DEEPEST} levels deep")
        super().fetch_flow_collection_start(token)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == _MERGE:
                continue
            line = key_node.start_mark.line + 1
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise ConfigError(f"line {line}: the key {shown(key)} is not text; put it in quotes")
            if key in seen:
                raise ConfigError(f"line {line}: the key {shown(key)} stands twice")
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:  # noqa: ANN401
        try:
            return super().construct_object(node, deep)
        except (ValueError, OverflowError, KeyError, TypeError):
            raise ConfigError(f"line {node.start_mark.line + 1}: the value cannot be read") from None


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != _DATE]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def _measure(node: yaml.Node, known: dict[int, int], depth: int) -> int:
    """How many values the node unfolds to; raises `ConfigError` where aliases multiply them or it goes too deep."""
    line = node.start_mark.line + 1
    if depth > DEEPEST:
        raise ConfigError(f"line {line}: nested more than {DEEPEST} levels deep")
    if id(node) not in known:
        known[id(node)] = MOST_VALUES + 1  # what an alias inside of its own anchor finds
        inner = node.value if isinstance(node, yaml.CollectionNode) else []
        parts = [part for each in inner for part in (each if isinstance(each, tuple) else (each,))]
        known[id(node)] = 1 + sum(_measure(part, known, depth + 1) for part in parts)
    if known[id(node)] > MOST_VALUES:
        raise ConfigError(f"line {line}: its aliases unfold to more than {MOST_VALUES} values")
    return known[id(node)]
