"""`jitsudo completion`: the script that makes a shell complete our words."""

from typing import Final

import click
from click.shell_completion import get_completion_class

from cli.group import command
from cli.terminal import Terminal

VARIABLE: Final = "_JITSUDO_COMPLETE"
"""The shell asks `jitsudo` for words by setting this; Click answers."""


@command(
    "completion",
    examples=(
        'eval "$(jitsudo completion bash)"    # in ~/.bashrc',
        'eval "$(jitsudo completion zsh)"     # in ~/.zshrc',
        "jitsudo completion fish > ~/.config/fish/completions/jitsudo.fish",
    ),
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(terminal: Terminal, *, shell: str) -> None:
    """Print a shell's completion script."""
    made = get_completion_class(shell)
    if made is None:
        message = f"{shell} is not known to this version of Click"
        raise click.UsageError(message)
    root = click.get_current_context().find_root().command
    terminal.say(made(root, {}, "jitsudo", VARIABLE).source())
