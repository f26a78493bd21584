"""Which providers the settings load, and what is said where they cannot."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
import yaml

from core.errors import ConfigurationError, Invalid
from core.ports import CredentialProvider
from core.providers.kubernetes import KubernetesProvider
from core.providers.loading import load_providers
from core.settings import load_core
from tests.support.builders import FrozenClock, an_ask
from tests.support.documents import documents
from tests.support.packages import Install

CLUSTER = {"kubeconfig": "/etc/jitsudo/kubeconfig"}

SDKS = ("kubernetes_asyncio", "boto3", "botocore", "google", "azure", "msal")


def _load(
    providers: Mapping[str, Mapping[str, object]], **settings: object
) -> dict[str, CredentialProvider]:
    document = {"database_url": "sqlite+aiosqlite:///unused.db", "providers": providers}
    return load_providers(load_core({}, {**document, **settings}), clock=FrozenClock())


def _fault(providers: Mapping[str, Mapping[str, object]], **settings: object) -> str:
    """Return what is said of settings that cannot be loaded."""
    with pytest.raises(ConfigurationError) as refused:
        _load(providers, **settings)
    return str(refused.value)


def test_nothing_is_loaded_that_is_not_configured() -> None:
    """What is installed is not yet in use, the stand-in neither."""
    assert _load({}) == {}
    assert list(_load({}, local_provider=True)) == ["local"]


def test_two_clusters_are_two_names_of_one_kind() -> None:
    """Each with its own settings, and known to requests by its own name."""
    loaded = _load(
        {
            "staging": {"kind": "kubernetes", **CLUSTER, "max_duration": "8h"},
            "kubernetes": {**CLUSTER, "cluster_roles": ["view"]},
        }
    )

    assert {name: provider.name for name, provider in loaded.items()} == {
        "staging": "staging",
        "kubernetes": "kubernetes",
    }
    loaded["staging"].validate(an_ask(role="edit"))
    with pytest.raises(Invalid, match="one of view"):
        loaded["kubernetes"].validate(an_ask(role="edit"))


def test_a_kind_that_is_not_installed_is_told_with_those_that_are() -> None:
    """A wrong letter is seen beside the right one."""
    fault = _fault({"prod": {"kind": "kubernets"}})

    assert "providers.prod: no provider of kind 'kubernets' is installed" in fault
    assert "kubernetes" in fault.partition("installed: ")[2]


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        (
            {**CLUSTER, "max_durations": "1h"},
            "providers.prod.max_durations: is no setting",
        ),
        (
            {**CLUSTER, "token_request": {}},
            "providers.prod.token_request.namespace: is",
        ),
        ({**CLUSTER, "max_duration": "soon"}, "providers.prod.max_duration: 'soon' is"),
        ({}, "providers.prod: set one of kubeconfig, in_cluster and server"),
    ],
    ids=str,
)
def test_a_wrong_setting_is_named_as_it_stands_in_the_file(
    settings: dict[str, object], told: str
) -> None:
    """By the provider's own name, which may not be its kind's."""
    assert told in _fault({"prod": {"kind": "kubernetes", **settings}})


def test_a_name_is_not_taken_twice() -> None:
    """Nobody is granted something real where they expect the stand-in."""
    fault = _fault({"local": {"kind": "kubernetes", **CLUSTER}}, local_provider=True)

    assert "providers.local: JITSUDO_LOCAL_PROVIDER has taken this name" in fault


async def test_a_provider_of_somebody_else_is_found_by_its_entry_point(
    install: Install, tmp_path: Path
) -> None:
    """Nothing of jitsudo's own is changed for it."""
    install("door-provider", kind="door")
    laboratory = {"kind": "door", "directory": str(tmp_path), "doors": ["east"]}

    loaded = _load({"laboratory": laboratory, "kubernetes": CLUSTER})

    assert isinstance(loaded["kubernetes"], KubernetesProvider)
    assert loaded["laboratory"].name == "laboratory"
    assert await loaded["laboratory"].check() == "badges for east"
    assert "providers.door.directory: is not set" in _fault({"door": {}})


def test_a_package_that_somebody_elses_provider_misses_is_theirs(
    install: Install,
) -> None:
    """Nobody looks for an extra of jitsudo's that there is not."""
    install("other-cloud", kind="other", module="import no_such_sdk.client\n")

    assert (
        "providers.other: other needs the package no_such_sdk; "
        "install what other-cloud needs" in _fault({"other": {}})
    )


@pytest.mark.parametrize(
    "module",
    ["", "from json import no_such_name\n"],
    ids=["nothing there", "an import that fails"],
)
def test_an_entry_point_that_leads_nowhere_is_told_with_its_package(
    install: Install, module: str
) -> None:
    """The package is broken, not the settings."""
    install("broken-cloud", kind="broken", module=module)

    fault = _fault({"broken": {}})
    assert "broken_cloud_code:from_settings of broken-cloud cannot be loaded" in fault


def test_two_packages_do_not_fight_over_a_kind(install: Install) -> None:
    """Neither is chosen: one of them may not be what was installed on purpose."""
    install("other-cloud", kind="kubernetes")

    fault = _fault({"kubernetes": CLUSTER})

    assert "more than one package brings a provider of kind 'kubernetes'" in fault
    assert "core.providers.kubernetes:from_settings, other_cloud_code" in fault


def _run(program: str) -> str:
    """Run a program of its own, since this one has imported everything by now."""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_missing_extra_is_told_by_its_name() -> None:
    """Whoever configures a cloud without its library reads what to install."""
    told = _run(
        "import sys; sys.modules['kubernetes_asyncio'] = None\n"
        "from core.clock import SystemClock\n"
        "from core.errors import ConfigurationError\n"
        "from core.providers.loading import load_provider\n"
        "try: load_provider('prod', {'kind': 'kubernetes'}, clock=SystemClock())\n"
        "except ConfigurationError as error: print(error)\n"
    )

    assert "providers.prod: kubernetes needs the package kubernetes_asyncio" in told
    assert "install jitsudo[kubernetes]" in told


def test_a_server_without_clouds_imports_no_library_of_theirs() -> None:
    """They are optional, load slowly, and log what they like."""
    loaded = _run(
        "import sys, bot.app, bot.check, cli.main, core.wiring\n"
        "from core.clock import SystemClock\n"
        "from core.providers.loading import load_providers\n"
        "from core.settings import load_core\n"
        "settings = load_core({}, {'database_url': 'sqlite+aiosqlite:///unused.db'})\n"
        "load_providers(settings, clock=SystemClock())\n"
        "print(' '.join({name.partition('.')[0] for name in sys.modules}))\n"
    )

    assert "sqlalchemy" in loaded.split()
    assert set(loaded.split()) & set(SDKS) == set()


def _documented() -> list[tuple[str, dict[str, dict[str, object]]]]:
    """Return the examples of `providers:` in the documents, by their document."""
    examples = [
        (page.name, next(iter(yaml.safe_load_all(text))))
        for page in documents()
        for _, text in page.blocks("yaml")
    ]
    return [
        (name, example["providers"])
        for name, example in examples
        if "providers" in example
    ]


@pytest.mark.parametrize(("page", "providers"), _documented())
def test_the_examples_in_the_documents_can_be_loaded(
    install: Install,
    monkeypatch: pytest.MonkeyPatch,
    page: str,
    providers: dict[str, dict[str, object]],
) -> None:
    """Whoever copies one, and sets the variables it names, starts with it."""
    for settings in providers.values():
        for key, value in settings.items():
            if key.endswith("_variable"):
                monkeypatch.setenv(str(value), "s3cret")
    install("door-provider", kind="door")

    assert set(_load(providers)) == set(providers), page
