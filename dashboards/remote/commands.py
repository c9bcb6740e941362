"""The work of the commands over a Datadog account, and what they print."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from common.cli.listing import catalogue
from common.cli.output import output, write_json
from common.cli.wiring import load
from common.deadline import Deadline
from common.errors import ConfigError, ExitCode, SubmitError
from common.meter import Meter
from common.secrets import Secrets
from common.sinks.datadog.transport import Access, Transport
from dashboards.remote import lock
from dashboards.remote.account import Account
from dashboards.remote.audit import audit
from dashboards.remote.normal import changes, normal
from dashboards.remote.pushing import Done, delete, pull, push
from dashboards.remote.state import WORDS
from dashboards.remote.survey import Finding, survey

_DAY = 86400
_NEEDS = "dashboards_read, dashboards_write and metrics_read"


class Session(msgspec.Struct, frozen=True):
    """One call: the account, what is rendered for it, the lock file, and which dashboards it is about."""

    account: Account
    rendered: Mapping[str, dict[str, Any]]
    path: Path
    slugs: frozenset[str]
    collectors: Mapping[str, str]
    statistics: tuple[str, ...]

    @classmethod
    def opened(
        cls,
        collectors: Mapping[str, str],
        config: Path | None,
        path: Path,
        slugs: list[str] | None = None,
        *,
        verbose: bool,
    ) -> Session:
        """From the command line's words; raises `ConfigError`."""
        loaded = load(config, verbose=verbose)
        settings = loaded.settings.sinks.datadog if loaded.settings.sinks else None
        if settings is None:
            raise ConfigError(
                "there is no Datadog sink: set DD_API_KEY and DD_APP_KEY, or sinks.datadog in the settings"
            )
        if settings.app_key is None:
            raise ConfigError(
                "dashboards need an application key: set sinks.datadog.app_key to a reference, or DD_APP_KEY, "
                f"with the scopes {_NEEDS}"
            )
        secrets = Secrets(loaded.environ)
        api_key = secrets.get(settings.api_key, "sinks.datadog.api_key")
        access = Access(settings, api_key, secrets.get(settings.app_key, "sinks.datadog.app_key"))
        access.verify()
        account = Account(Transport(access, Deadline(loaded.settings.deadline), Meter()))
        rendered = _rendered(collectors)
        known = lock.read(path, account.name)
        for slug in slugs or ():
            if slug not in rendered and slug not in known:
                raise ConfigError(f"{slug!r} is not a dashboard; there are {', '.join(sorted({*rendered, *known}))}")
        return cls(account, rendered, path, frozenset(slugs or ()), collectors, settings.distribution)

    def looks(self) -> dict[str, Callable[[], Finding]]:
        """A look at each dashboard, by its slug."""
        return survey(self.account, self.rendered, lock.read(self.path, self.account.name), self.slugs)

    def findings(self) -> Iterator[Finding]:
        """Each dashboard as it stands, looked at when it is asked for."""
        return (look() for look in self.looks().values())


def _rendered(collectors: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    from dashboards.build import renders  # noqa: PLC0415  the evaluator is loaded only where something is rendered

    return {
        Path(path).stem: msgspec.json.decode(body, type=dict[str, Any])
        for path, body in renders(collectors).items()
        if path.startswith("datadog/") and path.count("/") == 1
    }


def show_list(session: Session, *, as_json: bool) -> int:
    """Print every dashboard of ours with its id and state."""
    found = [each for each in session.findings() if each.remote or each.wanted]
    if as_json:
        rows = [{"slug": each.slug, "id": _id(each), "title": _title(each), "state": each.state} for each in found]
        write_json({"schema": 1, "account": session.account.name, "dashboards": rows})
        return ExitCode.OK
    for each in found:
        output().write(f"{each.slug:<24}  {_id(each) or '-':<11}  {WORDS[each.state]:<44}  {_title(each)}\n")
    return ExitCode.OK


def show_diff(session: Session, *, strict: bool) -> int:
    """Print what a push would change."""
    differ = False
    for each in session.findings():
        if each.state == "same" or not (each.wanted or each.remote):
            continue
        differ = True
        output().write(f"# {each.slug}: {WORDS[each.state]}\n")
        names = (f"datadog/{each.slug}", f"rendered/{each.slug}")
        if each.wanted and each.remote:
            output().write(changes(each.remote.body, each.wanted, names))
    if not differ:
        output().write("nothing differs\n")
    return ExitCode.FAILED if differ and strict else ExitCode.OK


def show_audit(session: Session, *, as_json: bool, strict: bool) -> int:
    """Print what does not fit together; with `strict`, 1 where something is read or received that is unknown."""
    held = {each.slug: each.remote.body for each in session.findings() if each.remote}
    received = session.account.received(int(time.time()) - _DAY)
    found = audit(catalogue(session.collectors), session.statistics, session.rendered, held, received)
    if as_json:
        write_json({"schema": 1, "account": session.account.name, **msgspec.to_builtins(found)})
    else:
        _say("received, but in no catalogue", found.unregistered)
        for slug, names in found.unknown.items():
            _say(f"on the account's dashboard {slug}, but in no catalogue", names)
        _say("on a dashboard, but not received in the last day", found.absent)
        _say("in the catalogue, but neither received nor on a dashboard", found.unread)
    return ExitCode.FAILED if strict and (found.unregistered or found.unknown) else ExitCode.OK


def _say(what: str, names: tuple[str, ...]) -> None:
    output().write(f"{what}: {len(names) or 'none'}\n")
    for name in names:
        output().write(f"  {name}\n")


def push_all(session: Session, *, force: bool, dry: bool) -> int:
    """Push each; one that cannot be pushed costs only itself."""
    lock.verify(session.path)
    return _each(session, lambda found: push(session.account, session.path, found, force=force, dry=dry))


def delete_all(session: Session, *, every: bool, force: bool, dry: bool) -> int:
    """Delete the named ones, or all; raises `ConfigError` where none is named."""
    if every == bool(session.slugs):
        raise ConfigError("name the dashboards to delete, or give --all; not both")
    lock.verify(session.path)
    return _each(session, lambda found: delete(session.account, session.path, found, force=force, dry=dry))


def _each(session: Session, act: Callable[[Finding], Done | None]) -> int:
    """Act on every dashboard, one after the other, each looked at just before."""
    done, failed = 0, 0
    for slug, look in session.looks().items():
        try:
            result = act(look())
        except SubmitError as error:
            result = Done(slug, str(error), refused=True)
        if result:
            done += 1
            failed += result.refused
            stream = sys.stderr if result.refused else output()
            stream.write(" ".join(filter(None, (f"{result.slug}: {result.words}", result.url))) + "\n")
    if not done:
        output().write("nothing to do\n")
    return ExitCode.FAILED if failed else ExitCode.OK


def pull_all(session: Session, out: Path, *, dry: bool) -> int:
    """Write each as Jsonnet, which JSON is, in its normal form."""
    for found in session.findings():
        target = out / f"{found.slug}.jsonnet"
        if not dry and found.remote:
            _save(target, normal(found.remote.body))  # first: once the lock file says so, a push overwrites the edit
        if not (dry and found.remote):
            pull(session.account, session.path, found)
        output().write(f"{found.slug}: {'would write' if dry else 'wrote'} {target}\n")
    return ExitCode.OK


def export_all(session: Session, out: Path, *, every: bool, dry: bool) -> int:
    """Save each as it is; its own id is the name of one that is not ours."""
    ours = {each.remote.id: each for each in session.findings() if each.remote}
    bodies = {each.slug: each.remote.body for each in ours.values() if each.remote}
    for summary in session.account.listing() if every else ():
        if summary.id not in ours:
            bodies[summary.id] = session.account.get(summary.id) or {}
    for name, body in bodies.items():
        if not dry:
            _save(out / f"{name}.json", body)
        output().write(f"{'would write' if dry else 'wrote'} {out / name}.json\n")
    if not bodies:
        output().write("nothing to export\n")
    return ExitCode.OK


def _save(path: Path, body: Mapping[str, Any]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(msgspec.json.format(msgspec.json.encode(body, order="sorted"), indent=2) + b"\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written: {error.strerror}") from None


def _id(found: Finding) -> str:
    return found.remote.id if found.remote else ""


def _title(found: Finding) -> str:
    return str((found.remote.body if found.remote else found.wanted or {}).get("title", ""))
