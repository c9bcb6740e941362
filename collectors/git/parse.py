"""From git's bytes to records: the log, the references, addresses and messages. Nothing here runs git."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterable, Iterator, Sequence
from itertools import islice

import msgspec

from collectors.git.history import Landings
from collectors.git.records import Commit, Origin, Person
from common.errors import FetchError
from common.window import Window

START = b"\x02"
LOG_FORMAT = "%x02%H%x00%P%x00%at%x00%ct%x00%aN%x00%aE%x00%B"
FIELDS = 7
REF_FORMAT = "%00".join(
    [
        *("%(refname)", "%(objecttype)", "%(objectname)", "%(*objecttype)", "%(*objectname)"),
        *("%(committerdate:unix)", "%(taggerdate:unix)", "%(symref)", "%(HEAD)"),
    ]
)
SUBJECT_LENGTH = 200
_REVERT_SUBJECT = re.compile(rb'Revert ".*"')
_REVERT_BODY = re.compile(rb"\bThis reverts commit [0-9a-f]{7,64}\b")
_COAUTHOR = re.compile(rb"^co-authored-by:[ \t]*([^<>\n]*?)[ \t]*<([^<>\s]+)>[ \t]*$", re.IGNORECASE | re.MULTILINE)
_ADDRESS = re.compile(
    r"(?P<scheme>https?|ssh|git)://(?:[^/]*@)?(?P<host>[^/:]+|\[[^]]*\])(?P<port>:\d*)?/+(?P<path>.+)"
)
_SCP = re.compile(r"(?:[^/:@]+@)?(?P<host>[^/:@\\]{2,}):(?!/?/)(?P<path>.+)")


class Rules(msgspec.Struct, frozen=True):
    """What the settings say about messages, paths and people, compiled."""

    hotfix: re.Pattern[str]
    generated: re.Pattern[bytes]
    bots: frozenset[str]


class Header(msgspec.Struct, frozen=True, gc=False):
    """The first fields of one commit of the log."""

    sha: bytes
    parents: list[bytes]
    authored: int | None
    committed: int
    name: bytes
    mail: bytes
    message: bytes


class Ref(msgspec.Struct, frozen=True):
    """One reference; `commit` is empty where it does not point to a commit, even through one tag."""

    name: str
    commit: bytes
    time: int
    tagged: int | None = None
    annotated: bool = False
    symref: str = ""
    head: bool = False


def tokens_of(chunks: Iterable[bytes]) -> Iterator[list[bytes]]:
    """The NUL-terminated tokens of a stream, a list for each chunk that completes some."""
    rest: list[bytes] = []
    for chunk in chunks:
        *whole, last = chunk.split(b"\0")
        if whole:
            whole[0] = b"".join((*rest, whole[0]))
            rest = []
            yield whole
        rest.append(last)
    if any(rest):
        yield [b"".join(rest)]


def read_header(token: bytes, tokens: Iterator[bytes]) -> Header:
    """One commit's fields, of which `token` is the first; raises `FetchError` for anything else."""
    fields = list(islice(tokens, FIELDS - 1))
    if not token.startswith(START) or len(fields) < FIELDS - 1:
        raise FetchError("git's log has an unexpected form; git 2.31 or newer is needed")
    parents, authored, committed, name, mail, message = fields
    return Header(token[1:], parents.split(), _time(authored), _time(committed) or 0, name, mail, message)


def _time(text: bytes) -> int | None:
    return int(text) if text.isdigit() else None


class LogReader:
    """Reads the log of the default branch as it streams; keeps people and paths that it has met."""

    def __init__(self, rules: Rules, tip: bytes, since: float, window: Window, wanted: Iterable[bytes] = ()) -> None:
        self.files: dict[bytes, bool] = {}
        self.landed = dict.fromkeys(wanted, -1)
        self.rootless = False
        self._rules, self._since, self._window = rules, since, window
        self._landings = Landings(tip)
        self._people: dict[tuple[bytes, bytes], Person] = {}

    def commits(self, tokens: Iterator[bytes]) -> Iterator[Commit]:
        """The commits that landed from `since` to the window's end, newest landing first or so."""
        token = next(tokens, b"")
        while token:
            header = read_header(token, tokens)
            landed = self._landings.place(header.sha, header.parents, header.committed)
            self.rootless |= not header.parents
            if header.sha in self.landed:
                self.landed[header.sha] = landed
            added, deleted, token = self._numstat(tokens, self.files if landed in self._window else {})
            if self._since <= landed < self._window.end:
                yield self._commit(header, landed, added, deleted)

    def _numstat(self, tokens: Iterator[bytes], files: dict[bytes, bool]) -> tuple[int, int, bytes]:
        """Lines added and deleted, and the token after the last file; `files` learns which paths are generated."""
        added = deleted = 0
        is_generated = self._rules.generated.fullmatch
        for token in tokens:
            if token[:1] == START:
                return added, deleted, token
            plus, minus, path = token.split(b"\t", 2)
            if not path:
                old, path = next(tokens), next(tokens)
                files.setdefault(old, is_generated(old) is not None)
            generated = files.get(path)
            if generated is None:
                generated = files[path] = is_generated(path) is not None
            if not generated and minus != b"-":
                added += int(plus)
                deleted += int(minus)
        return added, deleted, b""

    def _commit(self, header: Header, landed: int, added: int, deleted: int) -> Commit:
        message = header.message
        subject = subject_of(message)
        return Commit(
            sha=header.sha.decode("ascii"),
            landed=landed,
            authored=header.authored,
            author=self._person(header.name, header.mail),
            subject=subject[:SUBJECT_LENGTH],
            merge=len(header.parents) > 1,
            reverts=says_revert(message),
            hotfix=self._rules.hotfix.search(subject) is not None,
            added=added,
            deleted=deleted,
            coauthors=self._coauthors(message) if b"uthored-" in message or b"UTHORED-" in message else (),
        )

    def _person(self, name: bytes, mail: bytes) -> Person:
        known = self._people.get((name, mail))
        if known is None:
            known = self._people[name, mail] = person(name, mail, self._rules.bots)
        return known

    def _coauthors(self, message: bytes) -> tuple[Person, ...]:
        return tuple(dict.fromkeys(self._person(name, mail) for name, mail in _COAUTHOR.findall(message)))


def coauthors_in(commits: Iterable[Commit]) -> tuple[Person, ...]:
    """The co-authors of the commits, each once."""
    return tuple(dict.fromkeys(each for commit in commits for each in commit.coauthors))


def person(name: bytes, mail: bytes, bots: frozenset[str]) -> Person:
    """The person of that name and e-mail address; either may be empty or in any encoding."""
    shown, address = name.decode("utf-8", "replace"), mail.decode("utf-8", "replace").casefold()
    known = {shown.casefold(), address, address.partition("@")[0]}
    bot = any(each.endswith("[bot]") for each in known) or not bots.isdisjoint(known)
    return Person(address or shown.casefold(), shown, bot)


def subject_of(message: bytes) -> str:
    """The message's first paragraph on one line."""
    return " ".join(message.lstrip().partition(b"\n\n")[0].decode("utf-8", "replace").splitlines()).strip()


def says_revert(message: bytes) -> bool:
    """Whether the message says that its commit reverts another."""
    if b"evert" not in message:
        return False
    return bool(_REVERT_SUBJECT.match(message.lstrip()) or _REVERT_BODY.search(message))


def read_chain(chunks: Iterable[bytes]) -> Generator[tuple[bytes, int], None, None]:
    """The commits of `rev-list --timestamp`, with their dates."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        for line in whole:
            time, _, sha = line.partition(b" ")
            yield sha, int(time)


def read_refs(listing: bytes) -> Iterator[Ref]:
    """The references that `for-each-ref` lists with `REF_FORMAT`."""
    for line in listing.split(b"\n"):
        if not line:
            continue
        name, kind, sha, inner_kind, inner, committed, tagged, symref, head = line.split(b"\0")
        commit = sha if kind == b"commit" else inner if inner_kind == b"commit" else b""
        yield Ref(
            name=name.decode("utf-8", "replace"),
            commit=commit,
            time=_time(committed) or 0,
            tagged=_time(tagged),
            annotated=kind == b"tag",
            symref=symref.decode("utf-8", "replace"),
            head=head == b"*",
        )


def read_origin(url: str) -> Origin | None:
    """The repository's full name at its origin, and how to link a commit; `None` for a path on this machine."""
    found = _ADDRESS.fullmatch(url) or (None if "://" in url else _SCP.fullmatch(url))
    if found is None:
        return None
    name = found["path"].split("?")[0].strip("/").removesuffix(".git").strip("/")
    if not name:
        return None
    plain = "scheme" in found.groupdict() and found["scheme"] == "http"
    port = (found["port"] or "") if found.groupdict().get("scheme", "").startswith("http") else ""
    return Origin(name, _commit_url("http" if plain else "https", found["host"] + port, name))


def _commit_url(scheme: str, host: str, name: str) -> str | None:
    places = {"github": "commit", "gitlab": "-/commit", "gitea": "commit", "forgejo": "commit", "codeberg": "commit"}
    for word, place in (*places.items(), ("bitbucket", "commits")):
        if word in host.lower():
            return f"{scheme}://{host}/{name}/{place}/"
    return None


def glob_pattern(globs: Sequence[str]) -> re.Pattern[bytes]:
    r"""One pattern for paths that match any of the globs.

    `*` and `?` stay within a folder, `**/` is any folders; a glob without `/` matches the file's name in any folder.
    """
    forms = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    parts = [
        "".join(forms.get(each) or re.escape(each) for each in re.findall(r"\*\*/|\*\*|\*|\?|[^*?]+", full))
        for full in (glob if "/" in glob else f"**/{glob}" for glob in globs)
    ]
    return re.compile("|".join(parts).encode() if parts else b"(?!)", re.DOTALL)
