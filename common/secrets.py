"""Secrets by reference: `env:NAME`, `file:PATH` or `aws:SECRET#KEY`. The value itself is never in the settings."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from common.errors import ConfigError
from common.telemetry import MASKER, Masker

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

FORMS = "env:NAME, file:PATH or aws:SECRET#KEY"
_LARGEST_FILE = 64 * 1024
_CONNECT, _READ, _TRIES = 5, 10, 3
_REFUSALS = {
    "ResourceNotFoundException": "there is no such secret in {region}; look at its name and at AWS_REGION",
    "AccessDeniedException": "access is denied; allow secretsmanager:GetSecretValue on it",
    "DecryptionFailure": "it cannot be decrypted; allow kms:Decrypt on its key",
    "InvalidRequestException": "it is scheduled for deletion or has no value; restore it or name another",
    "UnrecognizedClientException": "the AWS credentials are not valid; renew them",
    "InvalidClientTokenId": "the AWS credentials are not valid; renew them",
    "InvalidSignatureException": "the AWS credentials are not valid, or this machine's clock is wrong",
    "ExpiredTokenException": "the AWS credentials have expired; renew them",
}


class Secrets:
    """Resolves references once each, and has every value masked wherever words leave the process."""

    def __init__(self, environ: Mapping[str, str], masker: Masker = MASKER) -> None:
        self._environ, self._masker = environ, masker
        self._known: dict[str, str] = {}

    def get(self, reference: str, where: str) -> str:
        """The secret behind the reference; `where` is the setting that errors name. Raises `ConfigError`."""
        if reference not in self._known:
            value = resolve(reference, self._environ, where)
            self._masker.add(value)
            self._known[reference] = value
        return self._known[reference]


def resolve(reference: str, environ: Mapping[str, str], where: str = "the secret") -> str:
    """The value that a reference names, without line breaks at its end; raises `ConfigError` naming `where`."""
    kind, _, rest = reference.partition(":")
    if kind not in {"env", "file", "aws"} or not rest:
        raise ConfigError(f"{where} must be a reference ({FORMS}), not the secret itself")
    value = {"env": _from_environment, "file": _from_file, "aws": _from_aws}[kind](rest, environ, where)
    value = value.rstrip("\r\n")
    if not value.strip():
        raise ConfigError(f"{where}: {reference} is empty")
    return value


def _from_environment(name: str, environ: Mapping[str, str], where: str) -> str:
    if name not in environ:
        raise ConfigError(f"{where}: the variable {name} is not set (env:{name})")
    return environ[name]


def _from_file(name: str, environ: Mapping[str, str], where: str) -> str:
    del environ
    try:
        with Path(name).open("rb") as file:
            content = file.read(_LARGEST_FILE + 1)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not a path"
        raise ConfigError(f"{where}: the file {name} cannot be read: {reason}") from None
    if len(content) > _LARGEST_FILE:
        raise ConfigError(f"{where}: the file {name} is larger than {_LARGEST_FILE} bytes, too large for a secret")
    return _text(content, f"{where}: the file {name}")


def _text(content: bytes, what: str) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise ConfigError(f"{what} does not hold UTF-8 text") from None


def _from_aws(name: str, environ: Mapping[str, str], where: str) -> str:
    secret, _, key = name.partition("#")
    if not secret:
        raise ConfigError(f"{where} must be aws:SECRET#KEY with the secret's name or ARN")
    content = _ask_aws(secret, environ, f"{where}: the AWS secret {secret}")
    return _field(content, key, f"{where}: the AWS secret {secret}") if key else content


def _ask_aws(secret: str, environ: Mapping[str, str], what: str) -> str:
    try:
        import boto3  # noqa: PLC0415  an extra, and a slow import
        from botocore import exceptions  # noqa: PLC0415
        from botocore.config import Config  # noqa: PLC0415
    except ModuleNotFoundError:
        raise ConfigError(f"{what} needs boto3; install it with: pip install 'quarterdeck[aws]'") from None
    config = Config(connect_timeout=_CONNECT, read_timeout=_READ, retries={"total_max_attempts": _TRIES})
    try:
        session = boto3.session.Session(region_name=_region(secret, environ))
        client = session.client("secretsmanager", config=config)
        answer: Mapping[str, Any] = client.get_secret_value(SecretId=secret)
    except exceptions.ClientError as error:
        raise ConfigError(f"{what}: {_refusal(error, environ)}") from None
    except exceptions.BotoCoreError as error:
        raise ConfigError(f"{what}: {_trouble(error)}") from None
    except ValueError:
        raise ConfigError(f"{what}: AWS_ENDPOINT_URL is not a URL") from None
    return answer["SecretString"] if "SecretString" in answer else _text(_bytes(answer["SecretBinary"]), what)


def _region(secret: str, environ: Mapping[str, str]) -> str | None:
    """An ARN names its region; else the variables, of which boto3 reads only the second; else its own files."""
    parts = secret.split(":")
    own = parts[3] if len(parts) > 5 and parts[0] == "arn" else ""
    return own or environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or None


def _bytes(content: bytes | str) -> bytes:
    return base64.b64decode(content) if isinstance(content, str) else content


def _refusal(error: ClientError, environ: Mapping[str, str]) -> str:
    code = str(error.response.get("Error", {}).get("Code", "unknown"))
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION") or "its region"
    return _REFUSALS.get(code, f"AWS answered {code}").format(region=region)


def _trouble(error: Exception) -> str:
    """What boto3 met before AWS could answer. Its own words may repeat configuration, so they stay out."""
    name = type(error).__name__
    known = {
        "NoCredentialsError": "no AWS credentials were found; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, "
        "or give the pod a role",
        "PartialCredentialsError": "the AWS credentials are incomplete; set both AWS_ACCESS_KEY_ID and "
        "AWS_SECRET_ACCESS_KEY",
        "NoRegionError": "no AWS region is set; set AWS_REGION",
        "InvalidRegionError": "the AWS region is not valid; look at AWS_REGION",
        "ProfileNotFound": "the AWS profile does not exist; look at AWS_PROFILE",
        "EndpointConnectionError": "AWS cannot be reached; look at the network, AWS_REGION and AWS_ENDPOINT_URL",
        "ConnectTimeoutError": f"AWS did not answer within {_CONNECT} s; look at the network and AWS_REGION",
        "ReadTimeoutError": f"AWS did not answer within {_READ} s; try again later",
        "SSLError": "AWS has no TLS certificate that is trusted here; look at AWS_CA_BUNDLE",
        "ProxyConnectionError": "the proxy cannot be reached; look at HTTPS_PROXY",
        "CredentialRetrievalError": "the AWS credentials could not be fetched; look at the profile or role",
    }
    return known.get(name, f"AWS could not be asked ({name})")


def _field(content: str, key: str, what: str) -> str:
    try:
        fields = msgspec.json.decode(content)
    except msgspec.DecodeError:
        raise ConfigError(f"{what} is not JSON, so it has no key {key!r}; leave #{key} out to take it whole") from None
    if not isinstance(fields, dict) or key not in fields:
        held = ", ".join(sorted(fields)) if isinstance(fields, dict) else ""
        raise ConfigError(f"{what} has no key {key!r}" + (f"; it has {held}" if held else ""))
    value = fields[key]
    if isinstance(value, dict | list | bool) or value is None:
        raise ConfigError(f"{what}: the value of {key!r} is not text")
    return str(value)
