"""The tables and how they came to be. What stands in braces differs between the databases."""

from __future__ import annotations

MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE spaces (
            id {serial}, instance {text} NOT NULL, collector {text} NOT NULL, scope {text} NOT NULL,
            UNIQUE (instance, collector, scope))""",
        """CREATE TABLE records (
            space BIGINT NOT NULL, kind {text} NOT NULL, id {text} NOT NULL,
            at DOUBLE PRECISION NOT NULL, version DOUBLE PRECISION NOT NULL, body {blob} NOT NULL,
            PRIMARY KEY (space, kind, id)){packed}""",
        "CREATE INDEX records_by_time ON records (space, kind, at)",
        """CREATE TABLE watermarks (
            space BIGINT NOT NULL, name {text} NOT NULL, value DOUBLE PRECISION NOT NULL,
            PRIMARY KEY (space, name)){packed}""",
        """CREATE TABLE cache (
            space BIGINT NOT NULL, key {text} NOT NULL, etag {text} NOT NULL, body {blob} NOT NULL,
            at DOUBLE PRECISION NOT NULL, PRIMARY KEY (space, key))""",
        """CREATE TABLE notes (
            space BIGINT NOT NULL, kind {text} NOT NULL, at DOUBLE PRECISION NOT NULL, body {blob} NOT NULL,
            PRIMARY KEY (space, kind, at)){packed}""",
        """CREATE TABLE runs (
            space BIGINT NOT NULL, shard {text} NOT NULL, at DOUBLE PRECISION NOT NULL, body {blob} NOT NULL,
            PRIMARY KEY (space, at, shard)){packed}""",
        """CREATE TABLE series (
            id {serial}, space BIGINT NOT NULL, metric {text} NOT NULL, tags {text} NOT NULL, statistic {text} NOT NULL,
            UNIQUE (space, metric, tags, statistic))""",
        """CREATE TABLE samples (
            series BIGINT NOT NULL, at DOUBLE PRECISION NOT NULL, value DOUBLE PRECISION NOT NULL, basis {text},
            PRIMARY KEY (series, at)){packed}""",
    ),
)
"""One tuple of statements for each version of the schema. A released one never changes: a new one follows it."""
VERSION = len(MIGRATIONS)
TABLES = ("spaces", "records", "watermarks", "cache", "notes", "runs", "series", "samples")


def statements(version: int, names: dict[str, str]) -> list[str]:
    """What leads from the schema before `version` to `version`."""
    return [statement.format_map(names) for statement in MIGRATIONS[version - 1]]
