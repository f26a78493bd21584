"""Commands whose help sets the global flags apart and ends with examples."""

import click
from typing_extensions import override


class Helped(click.Command):
    """A command whose help sets the global flags apart and ends with examples."""

    examples: tuple[str, ...] = ()

    @override
    def format_options(
        self, ctx: click.Context, formatter: click.HelpFormatter
    ) -> None:
        """Write the command's own options, then the global ones."""
        own: list[tuple[str, str]] = []
        everywhere: list[tuple[str, str]] = []
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx)
            if record is not None and isinstance(param, click.Option):
                is_own = param.expose_value or "--version" in param.opts
                (own if is_own else everywhere).append(record)
        for title, records in (("Options", own), ("Global options", everywhere)):
            if records:
                with formatter.section(title):
                    formatter.write_dl(records)

    @override
    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples."""
        if self.examples:
            with formatter.section("Examples"):
                for example in self.examples:
                    formatter.write(f"  {example}\n")


class Command(Helped):
    """One command of jitsudo."""


def with_help(command: click.Command) -> click.Command:
    """Return a command from elsewhere with the help that ours have.

    Its examples are the lines of its epilog, after the heading.
    """
    if isinstance(command, Helped):
        return command
    made = Command(
        command.name,
        callback=command.callback,
        params=list(command.params),
        help=command.help,
        context_settings=dict(command.context_settings),
    )
    _, _, examples = (command.epilog or "").partition("Examples:\n")
    made.examples = tuple(line.strip() for line in examples.splitlines())
    return made
