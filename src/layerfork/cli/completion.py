"""`layerfork completion`: what a shell needs to complete command lines."""

import click

from layerfork.cli.output import put


@click.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
def command(shell: str) -> None:
    """Print a script with which a shell completes commands, options, clients, engines, causes and files.

    \b
    In ~/.bashrc:                      eval "$(layerfork completion bash)"
    In ~/.zshrc, below compinit:       eval "$(layerfork completion zsh)"
    Once, for fish:
      layerfork completion fish > ~/.config/fish/completions/layerfork.fish

    Written to a file and sourced it starts a shell faster than eval.
    """
    from layerfork.cli.completing.shells import script
    from layerfork.cli.grammar.root import root

    put(script(root, shell))
