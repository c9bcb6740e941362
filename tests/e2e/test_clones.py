"""The git collector in a cluster: its Pod clones over HTTPS what the values name, and finds it again the next time."""

import ssl
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.cli.conftest import git as run_git
from tests.e2e.team import Exit, verdict
from tests.e2e.values import QUICKLY, whole

pytestmark = pytest.mark.slow

CRONJOB = "pilot-quarterdeck-git"


class Quiet(SimpleHTTPRequestHandler):
    """Files of a folder, by the protocol that git knows for plain web servers."""

    def log_message(self, *_):
        """Prints nothing."""


@pytest.fixture
def origin(tmp_path, certificate):
    """(the folder of a repository, its address): what is pushed to the folder is served over HTTPS."""
    bare = tmp_path / "served" / "shop.git"
    work = tmp_path / "work"
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(bare)], check=True)
    (bare / "hooks" / "post-update").write_text("#!/bin/sh\nexec git update-server-info\n")
    (bare / "hooks" / "post-update").chmod(0o755)
    subprocess.run(["git", "clone", "-q", str(bare), str(work)], check=True, capture_output=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(bare.parent)))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield work, f"https://127.0.0.1:{server.server_address[1]}/shop.git"
    server.shutdown()
    server.server_close()
    thread.join()


def commit(work, name):
    (work / name).write_text("one line\n")
    run_git(work, "checkout", "-q", "-B", "main")
    run_git(work, "add", ".")
    run_git(work, "commit", "-q", "-m", name)
    run_git(work, "push", "-q", "origin", "main")


def test_a_repository_is_cloned_and_later_only_fetched(team, origin, pushgateway, tmp_path):
    work, url = origin
    commit(work, "first")
    clones = tmp_path / "clones"
    clones.mkdir()
    team.volume(f"{CRONJOB}-clones", clones, "10Gi", claimed=False)
    clone = {"repositories": [url], "timeout": "1m", "env": {"GIT_SSL_NO_VERIFY": "true"}}
    team.install(
        "pilot", whole(pushgateway.url, secret="", git={**QUICKLY, "activeDeadlineSeconds": 240, "clone": clone})
    )
    assert verdict(team.run(CRONJOB, "one")) == ("Complete", "CompletionsReached"), team.words("one")
    assert team.exits("one") == [Exit(0, "Succeeded")]
    (held,) = clones.rglob("*.git")
    folder = held.stat().st_ino
    commit(work, "second")
    assert verdict(team.run(CRONJOB, "two")) == ("Complete", "CompletionsReached"), team.words("two")
    assert held.stat().st_ino == folder
    assert run_git(held, "-c", "safe.directory=*", "rev-parse", "main") == run_git(work, "rev-parse", "main")
