"""Commands that load when they are run, and flags that work on either side."""

import importlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Final

import click
from click.shell_completion import CompletionItem
from typing_extensions import override

from cli.errors import BROKEN_PIPE, discard_output, exit_code_of, tell
from cli.helped import Command, Helped, with_help
from cli.terminal import FORMATS, Terminal
from core.errors import JitsudoError

HELP_NAMES: Final = {"help_option_names": ["-h", "--help"]}
_ANY_FORMAT: Final = (*FORMATS, "csv")
"""Before the command's name nobody knows yet whether it can write CSV."""


@dataclass(frozen=True, slots=True)
class Lazy:
    """Where a command lives, and its line in the help of its group.

    Attributes:
        place: `module:attribute`, imported when the command is needed.
    """

    place: str
    summary: str
    section: str = "Commands"

    def load(self) -> click.Command:
        """Import the command.

        Raises:
            TypeError: what is there is no command.
        """
        module, _, name = self.place.partition(":")
        found = getattr(importlib.import_module(module), name)
        if not isinstance(found, click.Command):
            message = f"{self.place} is no command"
            raise TypeError(message)
        return found


def _store(name: str) -> Callable[[click.Context, click.Parameter, Any], None]:
    def callback(ctx: click.Context, _param: click.Parameter, value: Any) -> None:
        if value is not None and value is not False:
            setattr(ctx.ensure_object(Terminal).flags, name, value)

    return callback


def _store_output(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    flags = ctx.ensure_object(Terminal).flags
    if value is not None:
        flags.output = value
    assert isinstance(param.type, click.Choice)  # noqa: S101 - for the type checker
    if flags.output not in param.type.choices:
        choices = ", ".join(param.type.choices)
        message = f"{flags.output!r} is not possible here; choose one of {choices}"
        raise click.BadParameter(message, ctx, param)


class _Formats(click.Choice[str]):
    """Formats, of which CSV is neither shown nor completed where it is rare.

    Before a member's name it has to be taken all the same: the member may be
    the one that writes it.
    """

    def __init__(self, formats: Sequence[str], *, shown: Sequence[str] = ()) -> None:
        """Take `formats`; show `shown`, or all of them."""
        super().__init__(formats)
        self._shown = tuple(shown) or tuple(formats)

    @override
    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str | None:
        """Return the formats that are shown."""
        return f"[{'|'.join(self._shown)}]"

    @override
    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the formats that are shown and begin so."""
        return [
            CompletionItem(name) for name in self._shown if name.startswith(incomplete)
        ]


def _global_options(formats: Sequence[str]) -> list[click.Option]:
    def option(*names: str, **rest: Any) -> click.Option:
        name = names[-1].lstrip("-").replace("-", "_")
        rest.setdefault("callback", _store(name))
        return click.Option(names, expose_value=False, **rest)

    return [
        option("--server", metavar="URL", help="Server, or a database URL."),
        option("--token", metavar="TOKEN", help="Bearer token, instead of a login."),
        option("--profile", metavar="NAME", help="Which stored login to use."),
        option("--ca-file", metavar="FILE", help="Whom to trust as the server."),
        option("--client-cert", metavar="FILE", help="A certificate to show it."),
        option("--client-key", metavar="FILE", help="The key of that certificate."),
        option("--insecure", is_flag=True, help="Allow a token over plain http."),
        option(
            "-o",
            "--output",
            type=_Formats(
                formats, shown=FORMATS if formats is _ANY_FORMAT else formats
            ),
            callback=_store_output,
            help="How to print data; table by default.",
        ),
        option("-q", "--quiet", is_flag=True, help="Print ids and nothing else."),
        option("--debug", is_flag=True, help="Print a traceback with an error."),
    ]


def with_globals(
    command: click.Command, formats: Sequence[str] = FORMATS
) -> click.Command:
    """Add the global flags that `command` does not have yet; return it."""
    taken = {name for param in command.params for name in param.opts}
    command.params.extend(
        option for option in _global_options(formats) if taken.isdisjoint(option.opts)
    )
    command.context_settings.setdefault("help_option_names", ["-h", "--help"])
    return command


class LazyGroup(Helped, click.Group):
    """A group whose members are imported when one of them is run."""

    lazy: Mapping[str, Lazy] = {}

    def add(self, member: Command) -> Command:
        """Add a member that is imported with the group."""
        self.add_command(member)
        return member

    @override
    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return every name, in the order of the table."""
        return [*self.lazy, *super().list_commands(ctx)]

    @override
    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import one command and give it the global flags."""
        found = self.lazy.get(cmd_name)
        if found is None:
            return super().get_command(ctx, cmd_name)
        return with_globals(with_help(found.load()))

    @override
    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the options, then the commands; nothing is imported for that."""
        Helped.format_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)

    @override
    def format_commands(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the table of commands, section by section."""
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, lazy in self.lazy.items():
            sections.setdefault(lazy.section, []).append((name, lazy.summary))
        for name, command in self.commands.items():
            summary = command.get_short_help_str(70)
            sections.setdefault("Commands", []).append((name, summary))
        for title, records in sections.items():
            with formatter.section(title):
                formatter.write_dl(records)


class RootGroup(LazyGroup):
    """`jitsudo` itself: gives every command a terminal, and errors their form."""

    @override
    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Put a terminal into the context, unless a test has."""
        if extra.get("obj") is None:
            extra["obj"] = Terminal()
        return super().make_context(info_name, args, parent, **extra)

    @override
    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a deliberate error becomes one line and a code."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError as error:
            discard_output()
            raise click.exceptions.Exit(BROKEN_PIPE) from error
        except (JitsudoError, OSError) as error:
            tell(error, debug=ctx.ensure_object(Terminal).flags.debug)
            raise click.exceptions.Exit(exit_code_of(error)) from error


Body = Callable[..., Any]


def command(
    name: str, *, examples: Sequence[str], formats: Sequence[str] = FORMATS
) -> Callable[[Body], Command]:
    """Make a command of a function that takes the terminal first.

    Args:
        examples: lines for the help, each one as typed.
        formats: what `-o` takes.
    """

    def decorate(body: Body) -> Command:
        made = click.command(name, cls=Command, context_settings=dict(HELP_NAMES))(
            _callback(body)
        )
        made.examples = tuple(examples)
        with_globals(made, formats)
        return made

    return decorate


def group(
    name: str,
    *,
    examples: Sequence[str],
    lazy: Mapping[str, Lazy] | None = None,
    cls: type[LazyGroup] = LazyGroup,
    formats: Sequence[str] = _ANY_FORMAT,
    **settings: Any,
) -> Callable[[Body], LazyGroup]:
    """Make a group; its function runs before the member, with the terminal."""

    def decorate(body: Body) -> LazyGroup:
        made = click.group(
            name, cls=cls, context_settings=dict(HELP_NAMES), **settings
        )(_callback(body))
        made.examples = tuple(examples)
        made.lazy = lazy or {}
        with_globals(made, formats)
        return made

    return decorate


def _callback(body: Body) -> Callable[..., None]:
    def callback(**arguments: Any) -> None:
        terminal = click.get_current_context().ensure_object(Terminal)
        result = body(terminal, **arguments)
        if inspect.iscoroutine(result):
            import asyncio  # noqa: PLC0415 - help does without it

            asyncio.run(result)

    return update_wrapper(callback, body)
