"""Finds and builds the credential providers that the settings name."""

from collections.abc import Callable, Mapping
from importlib.metadata import EntryPoint, entry_points
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
        if name in loaded:
            raise ConfigurationError(
                setting=f"providers.{name}",
                why="JITSUDO_LOCAL_PROVIDER has taken this name; choose another one",
            )
        loaded[name] = load_provider(name, part, clock=clock)
    return loaded


def load_provider(
    name: str, part: Mapping[str, object], *, clock: Clock
) -> CredentialProvider:
    """Return one provider.

    Args:
        name: what requests call it.
        part: its settings; `kind` among them where the name is not the kind's.

    Raises:
        ConfigurationError: it is not installed, or a setting cannot be.
    """
    own = dict(part)
    kind = str(own.pop("kind", name))
    factory = _factory(name, _entry_point(name, kind))
    try:
        return factory(name, own, clock)
    except ValidationError as error:
        wrong = to_configuration_error(error, {})
        # A rule about several settings names none of them.
        where = "" if wrong.setting == "settings" else f".{wrong.setting}"
        raise ConfigurationError(
            setting=f"providers.{name}{where}", why=wrong.why
        ) from error


def _entry_point(name: str, kind: str) -> EntryPoint:
    installed = entry_points(group=GROUP)
    # A distribution may be seen twice, which makes no difference.
    found = {point.value: point for point in installed if point.name == kind}
    if len(found) > 1:
        raise ConfigurationError(
            setting=f"providers.{name}",
            why=f"more than one package brings a provider of kind {kind!r}: "
            f"{', '.join(sorted(found))}; uninstall all but one",
        )
    for point in found.values():
        return point
    known = ", ".join(sorted(installed.names)) or "none"
    raise ConfigurationError(
        setting=f"providers.{name}",
        why=f"no provider of kind {kind!r} is installed; installed: {known}",
    )


def _factory(name: str, point: EntryPoint) -> ProviderFactory:
    try:
        factory: ProviderFactory = point.load()
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        raise ConfigurationError(
            setting=f"providers.{name}",
            why=f"{point.name} needs the package {package}; {_install(point)}",
        ) from error
    except (ImportError, AttributeError) as error:
        raise ConfigurationError(
            setting=f"providers.{name}",
            why=f"{point.value} of {_owner(point)} cannot be loaded: {error}",
        ) from error
    return factory


def _install(point: EntryPoint) -> str:
    if _owner(point) == "jitsudo":
        return f"install jitsudo[{point.name.partition('-')[0]}]"
    return f"install what {_owner(point)} needs"


def _owner(point: EntryPoint) -> str:
    return "somebody's package" if point.dist is None else point.dist.name
