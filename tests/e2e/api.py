"""The Kubernetes API as the tests and the node see it: JSON over HTTPS, and a path for each kind."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import requests

from tests.parts.process import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
Object = dict[str, Any]
GROUPS = {
    "jobs": "apis/batch/v1",
    "cronjobs": "apis/batch/v1",
    "roles": "apis/rbac.authorization.k8s.io/v1",
    "rolebindings": "apis/rbac.authorization.k8s.io/v1",
    "networkpolicies": "apis/networking.k8s.io/v1",
    "deployments": "apis/apps/v1",
    "poddisruptionbudgets": "apis/policy/v1",
}
MERGE = "application/merge-patch+json"


class RefusedError(AssertionError):
    """The API server said no; `code` is the HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


@dataclass(frozen=True)
class Api:
    """A user of one API server: `kind` is the plural (`pods`), `namespace` empty for what has none."""

    url: str
    token: str = field(repr=False)
    authority: str

    def get(self, kind: str, name: str, namespace: str = "") -> Object:
        """One object; raises `RefusedError` (404) if there is none."""
        return self.send("GET", self.path(kind, namespace, name))

    def find(self, kind: str, name: str, namespace: str = "") -> Object | None:
        """One object, or None."""
        try:
            return self.get(kind, name, namespace)
        except RefusedError as error:
            if error.code == 404:
                return None
            raise

    def list(self, kind: str, namespace: str = "", labels: str = "") -> list[Object]:
        """The objects of a kind with these labels, oldest first."""
        found = self.send("GET", self.path(kind, namespace), params={"labelSelector": labels})["items"]
        return sorted(found, key=lambda each: (each["metadata"]["creationTimestamp"], each["metadata"]["name"]))

    def create(self, kind: str, value: Object, namespace: str = "") -> Object:
        """The object as the server made it."""
        return self.send("POST", self.path(kind, namespace), value)

    def patch(self, kind: str, name: str, value: Object, namespace: str = "", part: str = "") -> Object:
        """The object after a JSON merge patch of it, or of its `part` (`status`)."""
        path = "/".join(filter(None, (self.path(kind, namespace, name), part)))
        return self.send("PATCH", path, value, content=MERGE)

    def delete(self, kind: str, name: str, namespace: str = "", **options: object) -> None:
        """Deletes an object, with `gracePeriodSeconds`, `preconditions` and the like; one that is gone is no error."""
        try:
            self.send("DELETE", self.path(kind, namespace, name), options or None)
        except RefusedError as error:
            if error.code not in {404, 409}:
                raise

    def watch(self, kind: str, version: str, seconds: int) -> Iterator[Object]:
        """What happens to the objects of a kind after a resource version, until the server ends it."""
        query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": str(seconds)}
        answer = self._request("GET", self.path(kind), params=query, stream=True, timeout=seconds + 30)
        with answer:
            for line in answer.iter_lines(chunk_size=None):
                if line:
                    yield json.loads(line)

    def path(self, kind: str, namespace: str = "", name: str = "") -> str:
        """Where a kind, or one object of it, is."""
        group = GROUPS.get(kind, "api/v1")
        return "/".join(filter(None, (group, namespace and f"namespaces/{namespace}", kind, name)))

    def send(
        self, method: str, path: str, value: object = None, *, params: Object | None = None, content: str = ""
    ) -> Object:
        """The decoded answer; raises `RefusedError`."""
        body = None if value is None else json.dumps(value)
        answer = self._request(method, path, params=params, data=body, content=content or "application/json")
        found: Object = answer.json()
        return found

    def text(self, path: str) -> str:
        """The answer as it is: health, logs, metrics."""
        text: str = self._request("GET", path).text
        return text

    def _request(self, method: str, path: str, *, content: str = "", timeout: float = 30, **options: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.token}", **({"Content-Type": content} if content else {})}
        url = f"{self.url}/{path}"
        answer = requests.request(method, url, headers=headers, verify=self.authority, timeout=timeout, **options)
        if not answer.ok:
            raise RefusedError(answer.status_code, answer.text[:2000])
        return answer


def soon(probe: Callable[[], T | None], what: str, within: float = 60.0) -> T:
    """The first value of `probe` that is not None; asks a few times a second."""
    return until(probe, within=within, what=what, poll=0.2)
