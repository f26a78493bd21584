"""Finds and builds the credential providers that the settings name."""

from collections.abc import Callable, Mapping
from importlib.metadata import entry_points
from typing import Final, TypeAlias

from pydantic import ValidationError

from core.errors import ConfigurationError
from core.ports import Clock, CredentialProvider
from core.providers.local import LocalProvider
from core.settings import CoreSettings, to_configuration_error

GROUP: Final = "jitsudo.providers"
"""The entry points that name providers, ours and other people's."""

ProviderFactory: TypeAlias = Callable[
    [str, Mapping[str, object], Clock], CredentialProvider
]
"""Builds a provider from its name, its part of the settings file, and a clock.

It connects to nothing, and raises `pydantic.ValidationError` for settings that
cannot be.
"""


def load_providers(
    settings: CoreSettings, *, clock: Clock
) -> dict[str, CredentialProvider]:
    """Return every configured provider by the name that requests use.

    Raises:
        ConfigurationError: a part of `providers` names no provider that is
            installed, or holds a setting that cannot be.
    """
    loaded: dict[str, CredentialProvider] = {}
    if settings.local_provider:
        local = LocalProvider(clock=clock)
        loaded[local.name] = local
    for name, part in settings.providers.items():
        loaded[name] = _build(name, part, clock)
    return loaded


def _build(name: str, part: Mapping[str, object], clock: Clock) -> CredentialProvider:
    own = dict(part)
    kind = str(own.pop("kind", name))
    try:
        return _factory(name, kind)(name, own, clock)
    except ValidationError as error:
        wrong = to_configuration_error(error, {})
        raise ConfigurationError(
            setting=f"providers.{name}.{wrong.setting}", why=wrong.why
        ) from error


def _factory(name: str, kind: str) -> ProviderFactory:
    found = {point.name: point for point in entry_points(group=GROUP)}
    point = found.get(kind)
    if point is None:
        known = ", ".join(sorted(found)) or "none"
        raise ConfigurationError(
            setting=f"providers.{name}",
            why=f"no provider of kind {kind!r} is installed; installed: {known}",
        )
    try:
        factory: ProviderFactory = point.load()
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            setting=f"providers.{name}",
            why=f"{kind} needs the package {error.name}; "
            f"install jitsudo[{kind.partition('-')[0]}]",
        ) from error
    return factory
