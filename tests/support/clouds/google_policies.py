"""The stand-in's projects and their policies, as strict as Google is about them.

Source:
    https://cloud.google.com/iam/docs/policies
"""

import re
from collections import Counter
from copy import deepcopy
from typing import Any, Final

from tests.support.builders import ALICE, BOB

PROJECT: Final = "shop-staging-1"
ROLE: Final = "roles/storage.objectViewer"

_BASIC: Final = {"roles/owner", "roles/editor", "roles/viewer"}
_CONDITION: Final = re.compile(r'request\.time < timestamp\("[0-9T:-]{19}Z"\)')
_MOST: Final = 20

AUDIT: Final = [
    {"service": "allServices", "auditLogConfigs": [{"logType": "DATA_READ"}]}
]
STANDING: Final = {
    "role": "roles/owner",
    "members": ["group:owners@example.com"],
    "aFieldOfTomorrow": {"kept": True},
}
ON_CALL: Final = {
    "role": ROLE,
    "members": [f"user:{ALICE}", "group:sre@example.com"],
    "condition": {
        "title": "office hours",
        "expression": "request.time.getHours() < 18",
    },
}


class Refused(Exception):
    """The stand-in's answer when it does not do what was asked."""

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        details: tuple[dict[str, str], ...] = (),
    ) -> None:
        """Keep what the answer says."""
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        super().__init__(message)


class Policies:
    """Projects by id; each with a policy that others have bindings in."""

    def __init__(self) -> None:
        """Begin with one project, standing access in it, and two people."""
        self.projects: Final[dict[str, dict[str, Any]]] = {
            PROJECT: {
                "version": 3,
                "bindings": [deepcopy(STANDING), deepcopy(ON_CALL)],
                "auditConfigs": deepcopy(AUDIT),
            }
        }
        self.people: Final = {
            f"user:{ALICE}",
            f"user:{BOB}",
            "serviceAccount:robot@ops-123456.iam.gserviceaccount.com",
        }
        self.roles: Final = {
            ROLE,
            f"projects/{PROJECT}/roles/deployer",
            "organizations/77/roles/reader",
        }
        self.most_members = 1500
        self.others_write = 0
        """How many writes another one comes before."""
        self.moved_status = 409
        self.refusal: Refused | None = None
        """What is answered whatever is asked."""
        self.forgets_writes = False
        self._revisions: Final = Counter[str]()

    def bindings(self, project: str = PROJECT) -> list[dict[str, Any]]:
        """Return the bindings of a project."""
        found: list[dict[str, Any]] = self.projects[project]["bindings"]
        return found

    def read(self, project: str, body: dict[str, Any]) -> dict[str, Any]:
        """Return a policy; conditions are for those only who ask for them."""
        found = self._find(project)
        _expect(set(body) <= {"options"}, "unknown field")
        version = body.get("options", {}).get("requestedPolicyVersion")
        _expect(version == 3, "the caller asked for no version that has conditions")
        return {**deepcopy(found), "etag": self._etag(project)}

    def write(self, project: str, body: dict[str, Any]) -> dict[str, Any]:
        """Write what the mask names, if the etag is the present one."""
        found = self._find(project)
        _expect(set(body) == {"policy", "updateMask"}, "unknown field")
        policy, mask = body["policy"], set(body["updateMask"].split(","))
        # It would take `auditConfigs` too, which is not jitsudo's to write.
        _expect(mask == {"bindings", "etag", "version"}, "bad mask")
        _expect(policy.get("version") == 3, "Conditions need version 3.")
        if self.others_write:
            self.others_write -= 1
            self._revisions[project] += 1
            found["bindings"].append(
                {"role": ROLE, "members": [f"group:team{self.others_write}@x.example"]}
            )
        if policy.get("etag") != self._etag(project):
            message = "There were concurrent policy changes. Please retry."
            raise Refused(self.moved_status, "ABORTED", message)
        self._check(policy["bindings"], found["bindings"])
        if not self.forgets_writes:
            found["bindings"] = deepcopy(policy["bindings"])
        self._revisions[project] += 1
        return {**deepcopy(found), "etag": self._etag(project)}

    def _check(
        self, wanted: list[dict[str, Any]], present: list[dict[str, Any]]
    ) -> None:
        for binding in wanted:
            if binding in present:
                continue
            role, condition = binding["role"], binding.get("condition")
            known = role in self.roles | _BASIC
            _expect(known, f"Role {role} is not supported for this resource.")
            if condition is None:
                continue
            _expect(role not in _BASIC, "Basic roles cannot have conditions.")
            _expect(len(condition["title"]) <= 100, "The title is too long.")
            _expect(len(condition["description"]) <= 256, "It is too long.")
            is_ours = _CONDITION.fullmatch(condition["expression"]) is not None
            _expect(is_ours, "Expression is invalid.")
            for member in binding["members"]:
                is_there = member in self.people
                _expect(is_there, f"User {member.partition(':')[2]} does not exist.")
        members = [member for binding in wanted for member in binding["members"]]
        _expect(
            len(members) <= self.most_members,
            "The number of members in the policy is larger than the maximum.",
        )
        same = Counter(
            (binding["role"], member)
            for binding in wanted
            if "condition" in binding
            for member in binding["members"]
        )
        _expect(max(same.values(), default=0) <= _MOST, "Too many conditions.")

    def _find(self, project: str) -> dict[str, Any]:
        if self.refusal is not None:
            raise self.refusal
        if project not in self.projects:
            message = "The caller does not have permission"
            raise Refused(403, "PERMISSION_DENIED", message)
        return self.projects[project]

    def _etag(self, project: str) -> str:
        return f"Bw{self._revisions[project]:04}="


def _expect(is_so: bool, message: str) -> None:  # noqa: FBT001  # reads as a sentence
    if not is_so:
        raise Refused(400, "INVALID_ARGUMENT", message)
