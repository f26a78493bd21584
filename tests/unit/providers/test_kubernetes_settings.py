"""What may be asked for of a cluster, and which settings cannot be."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from core.errors import Invalid
from core.providers.kubernetes_settings import KubernetesSettings
from tests.support.builders import an_ask

SOMEWHERE: dict[str, Any] = {"kubeconfig": "/etc/jitsudo/kubeconfig"}
TOKENS: dict[str, Any] = {"token_request": {"namespace": "jitsudo-grants"}}
LISTED: dict[str, Any] = {"namespaces": ["staging", "kube-system"]}


def _settings(**settings: object) -> KubernetesSettings:
    return KubernetesSettings.model_validate({**SOMEWHERE, **settings})


def _refuse(
    settings: KubernetesSettings,
    *,
    role: str = "edit",
    scope: str = "staging",
    hours: float = 1,
) -> None:
    settings.refuse_impossible(
        an_ask(role=role, resource_scope=scope, duration=timedelta(hours=hours))
    )


@pytest.mark.parametrize(
    ("settings", "asked"),
    [
        ({}, {}),
        ({}, {"scope": "*"}),
        ({}, {"role": "eks:fargate-manager", "scope": "a" * 63, "hours": 700}),
        ({"cluster_roles": ["cluster-admin"]}, {"role": "cluster-admin"}),
        ({"cluster_roles": ["system:node"]}, {"role": "system:node"}),
        (LISTED, {"scope": "kube-system"}),
        ({**LISTED, "cluster_wide": True}, {"scope": "*"}),
        ({"max_duration": "1h"}, {"hours": 1}),
        (TOKENS, {"hours": 1 / 6}),
        (TOKENS, {"scope": "*"}),
    ],
    ids=str,
)
def test_what_the_settings_allow_may_be_asked_for(
    settings: dict[str, Any], asked: dict[str, Any]
) -> None:
    """Policy says whether it is granted."""
    _refuse(_settings(**settings), **asked)


@pytest.mark.parametrize(
    ("settings", "asked", "field", "told"),
    [
        ({}, {"role": "edit/x"}, "role", "no ClusterRole's name"),
        ({}, {"role": ".."}, "role", "no ClusterRole's name"),
        ({}, {"role": "a%2Fb"}, "role", "no ClusterRole's name"),
        ({}, {"role": "edit?dryRun=All"}, "role", "no ClusterRole's name"),
        ({}, {"role": "cluster-admin"}, "role", "cluster_roles name it"),
        ({}, {"role": "system:masters"}, "role", "cluster_roles name it"),
        (
            {"cluster_roles": ["view"]},
            {},
            "role",
            "not allowed here; ask for one of view",
        ),
        ({"cluster_roles": list("abcdefghi")}, {}, "role", "a, b, c, d, e, f, g, h, …"),
        ({}, {"scope": ""}, "scope", "or * for the whole cluster"),
        ({}, {"scope": "Staging"}, "scope", "is no namespace"),
        ({}, {"scope": "staging/pods"}, "scope", "is no namespace"),
        ({}, {"scope": "**"}, "scope", "is no namespace"),
        ({}, {"scope": "a" * 64}, "scope", "is no namespace"),
        ({}, {"scope": "staging\n"}, "scope", "is no namespace"),
        ({}, {"scope": "kube-system"}, "scope", "namespaces name it"),
        ({"cluster_wide": False}, {"scope": "*"}, "scope", "whole cluster, is not"),
        (LISTED, {"scope": "*"}, "scope", "whole cluster, is not"),
        (LISTED, {"scope": "prod"}, "scope", "one of kube-system, staging"),
        (TOKENS, {"scope": "jitsudo-grants"}, "scope", "other people's tokens"),
        (
            {**TOKENS, "namespaces": ["jitsudo-grants"]},
            *({"scope": "jitsudo-grants"}, "scope", "other people's tokens"),
        ),
        ({"max_duration": "1h"}, {"hours": 1.001}, "duration", "longer than 1h"),
        (TOKENS, {"hours": 0.16}, "duration", "shorter than 10m"),
    ],
    ids=str,
)
def test_what_could_never_be_granted_is_refused_by_its_field(
    settings: dict[str, Any], asked: dict[str, Any], field: str, told: str
) -> None:
    """At submission, before anybody is asked to approve it."""
    with pytest.raises(Invalid) as refused:
        _refuse(_settings(**settings), **asked)

    assert refused.value.field == field
    assert told in refused.value.why


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, "set one of kubeconfig, in_cluster and server"),
        ({**SOMEWHERE, "in_cluster": True}, "set one of"),
        ({"server": "https://k"}, "server and token_file go together"),
        ({**SOMEWHERE, "token_file": "t"}, "server and token_file go together"),
        ({**SOMEWHERE, "ca_file": "t"}, "ca_file goes with server"),
        ({"in_cluster": True, "context": "prod"}, "context goes with kubeconfig"),
        ({"server": "http://k", "token_file": "t"}, "has to begin with https://"),
        ({**SOMEWHERE, "namespaces": ["*"]}, "set cluster_wide: true"),
        ({**SOMEWHERE, "namespaces": ["Prod"]}, "no namespace's name"),
        ({**SOMEWHERE, "user_prefix": "system:"}, "must not begin with system:"),
        ({**SOMEWHERE, "max_duration": "soon"}, "is no duration"),
        ({**SOMEWHERE, "default_namespace": "default"}, "Extra inputs"),
        ({"in_cluster": True, **TOKENS}, "needs token_request.server"),
    ],
    ids=str,
)
def test_settings_that_cannot_be_are_refused(
    settings: dict[str, Any], told: str
) -> None:
    """Before the server starts, with what to set instead."""
    with pytest.raises(ValidationError, match=told.replace("*", r"\*")):
        KubernetesSettings.model_validate(settings)
