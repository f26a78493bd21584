"""What a cluster holds: objects with their versions, and what RBAC makes of them."""

import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import yaml

from tests.support.builders import FrozenClock
from tests.support.clouds.kubernetes_status import (
    Refusal,
    already_exists,
    escalation,
    invalid,
    not_found,
    precondition_failed,
    terminating,
)

RBAC: Final = "rbac.authorization.k8s.io"

SHORTEST_TOKEN: Final = 600

_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")

_KEYS: Final = {
    "RoleBinding": {"apiVersion", "kind", "metadata", "roleRef", "subjects"},
    "ClusterRoleBinding": {"apiVersion", "kind", "metadata", "roleRef", "subjects"},
    "ServiceAccount": {
        *("apiVersion", "kind", "metadata"),
        "automountServiceAccountToken",
    },
}
_VERSIONS: Final = {"ServiceAccount": "v1"}
_META: Final = {"name", "namespace", "labels", "annotations"}
_SUBJECTS: Final = {
    "User": {"kind", "apiGroup", "name"},
    "ServiceAccount": {"kind", "namespace", "name"},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    """Whom a bearer token stands for; `uid` is their ServiceAccount's, if any."""

    name: str
    expires_at: datetime | None = None
    uid: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What somebody wants to do, in RBAC's words."""

    verb: str
    group: str
    plural: str
    namespace: str | None = None
    name: str = ""
    subresource: str = ""

    @property
    def resource(self) -> str:
        """Return the resource as messages name it."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


class Cluster:
    """The objects, the tokens and the rules of one cluster."""

    def __init__(self, clock: FrozenClock) -> None:
        """Begin with namespaces and some roles, and nobody who may do anything."""
        self.clock = clock
        self.namespaces = {"default", "staging", "prod", "jitsudo", "kube-system"}
        self.leaving: set[str] = set()
        self.objects: dict[tuple[str, str | None, str], dict[str, Any]] = {}
        self.tokens: dict[str, Person] = {}
        self.finalizers: list[str] = []
        self.longest_token: int | None = None
        self._version = 1000
        for name in ("view", "edit", "cluster-admin"):
            verbs = ["get", "list"] if name == "view" else ["*"]
            rule = {"apiGroups": [""], "resources": ["pods"], "verbs": verbs}
            self.put(
                "clusterroles", None, {"metadata": {"name": name}, "rules": [rule]}
            )

    def apply(self, manifest: str) -> None:
        """Take over what an administrator writes, as `kubectl apply` would."""
        for document in yaml.safe_load_all(manifest):
            plural = document["kind"].lower() + "s"
            self.put(plural, document["metadata"].get("namespace"), document)

    def put(self, plural: str, namespace: str | None, body: dict[str, Any]) -> None:
        """Write an object as it is, whatever it says."""
        self._version += 1
        body["metadata"].setdefault("uid", str(uuid4()))
        body["metadata"]["resourceVersion"] = str(self._version)
        self.objects[plural, namespace, body["metadata"]["name"]] = body

    def act(self, wish: Wish, body: dict[str, Any], by: Person) -> dict[str, Any]:
        """Do what somebody wants who may."""
        if wish.subresource:
            return self.token(wish, body)
        if wish.verb == "create":
            return self.create(wish, body, by)
        if wish.verb == "delete":
            return self.delete(wish, body)
        return self.get(wish)

    def get(self, wish: Wish) -> dict[str, Any]:
        """Return one object."""
        found = self.objects.get((wish.plural, wish.namespace, wish.name))
        if found is None:
            raise not_found(wish.resource, wish.name)
        return found

    def create(self, wish: Wish, body: dict[str, Any], by: Person) -> dict[str, Any]:
        """Write a new object, if it can be and its writer may."""
        kind, name = body.get("kind", ""), body["metadata"]["name"]
        _check_shape(wish, body)
        if wish.namespace is not None and wish.namespace not in self.namespaces:
            raise not_found(resource="namespaces", name=wish.namespace)
        if wish.namespace in self.leaving:
            raise terminating(wish.resource, name, wish.namespace or "")
        if kind != "ServiceAccount":
            self._check_binding(wish, body, by)
        if (wish.plural, wish.namespace, name) in self.objects:
            raise already_exists(wish.resource, name)
        stored = {**body, "metadata": {**body["metadata"]}}
        stored["metadata"]["finalizers"] = list(self.finalizers)
        stored["metadata"]["creationTimestamp"] = self.clock.now().isoformat()
        self.put(wish.plural, wish.namespace, stored)
        return stored

    def delete(self, wish: Wish, options: dict[str, Any]) -> dict[str, Any]:
        """Delete an object; one with finalizers stays until they are gone."""
        found = self.get(wish)
        for key, value in options.get("preconditions", {}).items():
            if found["metadata"][key] != value:
                raise precondition_failed(wish.resource, wish.name, key)
        if found["metadata"].get("finalizers"):
            found["metadata"]["deletionTimestamp"] = self.clock.now().isoformat()
            self.put(wish.plural, wish.namespace, found)
            return found
        del self.objects[wish.plural, wish.namespace, wish.name]
        return {"kind": "Status", "apiVersion": "v1", "status": "Success"}

    def token(self, wish: Wish, body: dict[str, Any]) -> dict[str, Any]:
        """Return a token of a ServiceAccount, bound to that one by its uid."""
        account = self.get(wish)
        if set(body) - {"apiVersion", "kind", "spec"} or body["kind"] != "TokenRequest":
            raise Refusal(400, "strict decoding error: unknown field")
        seconds = body["spec"]["expirationSeconds"]
        if seconds < SHORTEST_TOKEN:
            why = (
                f"spec.expirationSeconds: Invalid value: {seconds}: may not specify a "
            )
            raise invalid(
                kind="TokenRequest", name="", why=f"{why}duration less than 10 minutes"
            )
        seconds = min(seconds, self.longest_token or seconds)
        ends_at = self.clock.now() + timedelta(seconds=seconds)
        token = f"fake.{secrets.token_urlsafe(90)}"
        self.tokens[token] = Person(
            name=f"system:serviceaccount:{wish.namespace}:{wish.name}",
            expires_at=ends_at,
            uid=account["metadata"]["uid"],
        )
        spec = {**body["spec"], "expirationSeconds": seconds}
        status = {"token": token, "expirationTimestamp": ends_at.isoformat()}
        return {**body, "spec": spec, "status": status}

    def person(self, token: str) -> Person | None:
        """Return whom a token stands for now; None if for nobody."""
        person = self.tokens.get(token)
        if person is None:
            return None
        if person.expires_at is not None and person.expires_at <= self.clock.now():
            return None
        accounts = {
            found["metadata"]["uid"]
            for (plural, _, _), found in self.objects.items()
            if plural == "serviceaccounts"
        }
        return person if not person.uid or person.uid in accounts else None

    def allows(self, person: str, wish: Wish) -> bool:
        """Tell whether a binding lets somebody do something."""
        return any(
            _permits(rule, wish)
            for (plural, namespace, _), binding in self.objects.items()
            if plural == "clusterrolebindings"
            or (plural == "rolebindings" and namespace == wish.namespace)
            if any(_names(subject) == person for subject in binding["subjects"])
            for rule in self._rules(binding["roleRef"], namespace)
        )

    def _rules(
        self, role: dict[str, str], namespace: str | None
    ) -> list[dict[str, Any]]:
        is_local = role["kind"] == "Role"
        place = ("roles", namespace) if is_local else ("clusterroles", None)
        found = self.objects.get((*place, role["name"]), {})
        rules: list[dict[str, Any]] = found.get("rules", [])
        return rules

    def _check_binding(self, wish: Wish, body: dict[str, Any], by: Person) -> None:
        role, name = body["roleRef"], body["metadata"]["name"]
        if role.get("apiGroup") != RBAC or role.get("kind") != "ClusterRole":
            raise invalid(body["kind"], name, "roleRef.apiGroup: Unsupported value")
        for subject in body["subjects"]:
            if set(subject) != _SUBJECTS.get(subject.get("kind")):
                raise invalid(body["kind"], name, "subjects[0]: Unsupported value")
        binds = Wish(verb="bind", group=RBAC, plural="clusterroles", name=role["name"])
        if self.allows(by.name, binds):
            return
        self.get(Wish(verb="get", group=RBAC, plural="clusterroles", name=role["name"]))
        raise escalation(wish.resource, name, by.name)


def _check_shape(wish: Wish, body: dict[str, Any]) -> None:
    kind, meta = body["kind"], body["metadata"]
    version = _VERSIONS.get(kind, f"{RBAC}/v1")
    if body.get("apiVersion") != version or f"{kind.lower()}s" != wish.plural:
        raise Refusal(400, "the object provided is unrecognized")
    unknown = (set(body) - _KEYS[kind]) | (set(meta) - _META)
    if unknown:
        raise Refusal(400, f'strict decoding error: unknown field "{min(unknown)}"')
    if meta.get("namespace") != wish.namespace:
        raise Refusal(400, "the namespace of the object does not match the request")
    if _NAME.fullmatch(meta["name"]) is None:
        raise invalid(kind, meta["name"], "metadata.name: Invalid value")
    if not all(isinstance(note, str) for note in meta.get("annotations", {}).values()):
        raise Refusal(400, "cannot unmarshal into Go struct field .annotations")


def _names(subject: dict[str, str]) -> str:
    if subject["kind"] == "ServiceAccount":
        return f"system:serviceaccount:{subject['namespace']}:{subject['name']}"
    return subject["name"]


def _permits(rule: dict[str, Any], wish: Wish) -> bool:
    resource = f"{wish.plural}/{wish.subresource}".rstrip("/")
    names = rule.get("resourceNames", [])
    return (
        wish.group in rule["apiGroups"]
        and resource in rule["resources"]
        and (wish.verb in rule["verbs"] or "*" in rule["verbs"])
        and (not names or wish.name in names)
    )
