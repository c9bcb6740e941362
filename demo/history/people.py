"""The accounts of the simulated organisation."""

from __future__ import annotations

from demo.chance import chance, pick
from demo.records import Account

NAMES = ("ada", "bela", "chidi", "dana", "emre", "fen", "goro", "hana", "ines", "jomo", "kaya", "lior", "mina", "nils")
UPDATER, CRITIC, MACHINE, OUTSIDER = "dependabot[bot]", "simulated-critic[bot]", "simulated-release", "outsider-sim"


def _account(index: int, login: str, kind: str = "User") -> Account:
    email = f"{1000 + index}+{login}@users.noreply.github.example"
    return Account(login, 1000 + index, "Bot" if kind == "Bot" else "User", f"{login.title()} (simulated)", email)


HUMANS = tuple(_account(index, f"{name}-sim") for index, name in enumerate(NAMES))
OTHERS = (
    _account(50, UPDATER, "Bot"),
    _account(51, CRITIC, "Bot"),
    _account(52, MACHINE),
    _account(53, OUTSIDER),
)
ACCOUNTS = {account.login: account for account in (*HUMANS, *OTHERS)}
BOT_ACCOUNTS = frozenset(account.login for account in ACCOUNTS.values() if account.kind == "Bot")


def author(*key: object) -> str | None:
    """Who did something: mostly a human, now and then a bot, or somebody whose account is gone."""
    random = chance(*key, "author")
    kind = pick(random, {"human": 0.84, UPDATER: 0.09, MACHINE: 0.03, "gone": 0.02, OUTSIDER: 0.02})
    if kind == "gone":
        return None
    return human(*key) if kind == "human" else kind


def human(*key: object, but: str | None = None) -> str:
    """A human, not evenly: some do far more than others."""
    random = chance(*key, "human")
    weights = {account.login: 1.0 / (1 + index) for index, account in enumerate(HUMANS) if account.login != but}
    return pick(random, weights)
