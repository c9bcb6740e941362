"""Ledgers for tests: where one is, and what goes into it."""

from common.ledger import Change, Record, RunEntry, open_ledger

DAY = 86_400.0
NOON = 1_700_000_000.0


class Place:
    """Where the ledgers of one test are, and how a second process opens one."""

    def __init__(self, url, password=None):
        self.url, self.password = url, password
        self.opened = []

    def open(self, instance="default", **options):
        self.opened.append(open_ledger(self.url, instance, password=self.password, **options))
        return self.opened[-1]

    def close(self):
        for each in self.opened:
            each.close()


def record(number, at=NOON, version=1.0, kind="pull_request", body=b"\x01"):
    return Record(kind, str(number), at, version, body)


def put(ledger, *records, scope="acme/web", **more):
    ledger.commit(Change(collector="github", scope=scope, records=records, **more))


def ids(ledger, kind="pull_request", scope="acme/web"):
    return [each.id for each in ledger.records("github", scope, kind)]


def run_entry(started, shard="0"):
    return RunEntry(
        shard=shard, started=started, ended=started + 9, start=started - DAY, end=started, outcome="partial",
        scopes=2, scopes_read=1, failures=(("acme/api", "404", None),), late=3,
    )  # fmt: skip
