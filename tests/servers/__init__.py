"""Loopback servers for tests: one shaped like Datadog, and a proxy that makes any server misbehave."""
