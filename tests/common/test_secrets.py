"""References to secrets; those of AWS against a Secrets Manager on loopback."""

from __future__ import annotations

import base64
import json
import os
import socket
import sys

import pytest

from common.errors import ConfigError
from common.secrets import Secrets, resolve
from common.telemetry import Masker

CANARY = "canary-5up3r-s3cret"
WHERE = "sinks.datadog.api_key"


def refused(reference: str, environ=os.environ) -> str:
    with pytest.raises(ConfigError) as caught:
        resolve(reference, environ, WHERE)
    assert CANARY not in repr(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    return str(caught.value)


@pytest.mark.parametrize("literal", [CANARY, f"token:{CANARY}", "env:", "file:", "aws:", "", "ENV:NAME"])
def test_a_literal_is_refused_and_not_repeated(literal):
    assert refused(literal, {}) == (
        "sinks.datadog.api_key must be a reference (env:NAME, file:PATH or aws:SECRET#KEY), not the secret itself"
    )


def test_a_variable_is_read_from_the_environment_given():
    assert resolve("env:NAME", {"NAME": f"{CANARY}\n"}) == CANARY


def test_a_missing_or_empty_variable_is_named():
    assert refused("env:NAME", {}) == "sinks.datadog.api_key: the variable NAME is not set (env:NAME)"
    assert refused("env:NAME", {"NAME": " \n"}) == "sinks.datadog.api_key: env:NAME is empty"


def test_a_file_is_read_without_its_last_line_break(tmp_path):
    (tmp_path / "key").write_bytes(b"two\nlines \r\n")

    assert resolve(f"file:{tmp_path}/key", {}) == "two\nlines "


def test_a_file_that_holds_no_secret_is_named(tmp_path):
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "binary").write_bytes(CANARY.encode() + b"\xff\xfe")
    (tmp_path / "large").write_bytes(b"x" * 70_000)

    assert refused(f"file:{tmp_path}/empty") == f"{WHERE}: file:{tmp_path}/empty is empty"
    assert (
        refused(f"file:{tmp_path}/none")
        == f"{WHERE}: the file {tmp_path}/none cannot be read: No such file or directory"
    )
    assert refused(f"file:{tmp_path}") == f"{WHERE}: the file {tmp_path} cannot be read: Is a directory"
    assert refused(f"file:{tmp_path}/binary") == f"{WHERE}: the file {tmp_path}/binary does not hold UTF-8 text"
    assert refused(f"file:{tmp_path}/large").endswith("larger than 65536 bytes, too large for a secret")
    assert refused("file:a\0b").endswith("cannot be read: it is not a path")


def test_secrets_are_read_once_and_masked():
    environ = {"NAME": CANARY}
    masker = Masker()
    secrets = Secrets(environ, masker)

    assert secrets.get("env:NAME", WHERE) == CANARY
    environ.clear()
    assert secrets.get("env:NAME", WHERE) == CANARY
    assert masker.mask(f"key={CANARY}!") == "key=***!"
    assert CANARY not in repr(secrets)


@pytest.fixture(scope="session")
def manager():
    """A Secrets Manager with a few secrets; gives its address."""
    boto3 = pytest.importorskip("boto3")
    moto_server = pytest.importorskip("moto.server")
    running = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    client = boto3.client(
        "secretsmanager",
        region_name="eu-west-1",
        endpoint_url=f"http://{host}:{port}",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_secret(Name="plain", SecretString=CANARY)
    client.create_secret(Name="team/app", SecretString=json.dumps({"api_key": CANARY, "port": 5432, "list": [1]}))
    client.create_secret(Name="binary", SecretBinary=CANARY.encode())
    client.create_secret(Name="noise", SecretBinary=b"\xff\xfe\xfd")
    client.create_secret(Name="gone", SecretString=CANARY)
    client.delete_secret(SecretId="gone")
    yield f"http://{host}:{port}"
    running.stop()


@pytest.fixture
def aws(manager, monkeypatch):
    """The environment of a process that may use it."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    given = {
        "AWS_ENDPOINT_URL": manager,
        "AWS_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    }
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_aws_gives_a_whole_secret_one_key_of_it_or_its_bytes(aws):
    assert resolve("aws:plain", os.environ) == CANARY
    assert resolve("aws:team/app#api_key", os.environ) == CANARY
    assert resolve("aws:team/app#port", os.environ) == "5432"
    assert resolve("aws:binary", os.environ) == CANARY


def test_aws_takes_an_arn_and_its_region(aws, manager):
    import boto3

    client = boto3.client("secretsmanager", region_name="eu-west-1", endpoint_url=manager)
    arn = client.describe_secret(SecretId="team/app")["ARN"]
    aws.setenv("AWS_REGION", "us-east-1")

    assert resolve(f"aws:{arn}#api_key", os.environ) == CANARY


def test_aws_says_what_is_wrong_with_a_secret(aws):
    secret = f"{WHERE}: the AWS secret"

    assert (
        refused("aws:none")
        == f"{secret} none: there is no such secret in eu-west-1; look at its name and at AWS_REGION"
    )
    assert refused("aws:team/app#token") == f"{secret} team/app has no key 'token'; it has api_key, list, port"
    assert refused("aws:team/app#list") == f"{secret} team/app: the value of 'list' is not text"
    assert (
        refused("aws:plain#key")
        == f"{secret} plain is not JSON, so it has no key 'key'; leave #key out to take it whole"
    )
    assert refused("aws:noise") == f"{secret} noise does not hold UTF-8 text"
    assert refused("aws:gone").endswith("scheduled for deletion or has no value; restore it or name another")


def test_aws_without_region_says_so(aws):
    aws.delenv("AWS_REGION")

    assert refused("aws:plain").endswith("no AWS region is set; set AWS_REGION")


def test_aws_without_credentials_says_so(aws):
    aws.delenv("AWS_ACCESS_KEY_ID")

    assert "no AWS credentials were found; set AWS_ACCESS_KEY_ID" in refused("aws:plain")


def test_aws_that_cannot_be_reached_says_so(aws):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    aws.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{port}")
    aws.setattr("common.secrets._TRIES", 1)

    assert refused("aws:plain").endswith("AWS cannot be reached; look at the network, AWS_REGION and AWS_ENDPOINT_URL")


def test_an_aws_address_that_is_none_says_so(aws):
    aws.setenv("AWS_ENDPOINT_URL", "nonsense")

    assert refused("aws:plain").endswith("AWS_ENDPOINT_URL is not a URL")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("AccessDeniedException", "access is denied; allow secretsmanager:GetSecretValue on it"),
        ("ExpiredTokenException", "the AWS credentials have expired; renew them"),
        ("UnrecognizedClientException", "the AWS credentials are not valid; renew them"),
        ("SomethingNewException", "AWS answered SomethingNewException"),
    ],
)
def test_aws_that_refuses_says_why(aws, code, words):
    from tests.common.test_http import answers, server

    body = json.dumps({"__type": code, "message": f"no {CANARY}"}).encode()
    with server(answers(400, body, Content_Type="application/x-amz-json-1.1")) as there:
        aws.setenv("AWS_ENDPOINT_URL", there.url)

        assert refused("aws:plain").endswith(words)
        assert len(there.seen) == 1


def test_aws_without_its_extra_names_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "boto3", None)

    assert refused("aws:plain").endswith("needs boto3; install it with: pip install 'quarterdeck[aws]'")


def test_the_binary_form_may_come_as_text():
    from common.secrets import _bytes

    assert _bytes(base64.b64encode(b"x").decode()) == b"x"
