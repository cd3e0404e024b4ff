"""`docker layerfork …`: what docker starts, with docker's own words before ours.

docker hands on all that it was given: ``--context remote layerfork why .``, ``help layerfork why``, and
``__complete layerfork wh`` for completion in a shell. Its options become the variables that mean the same.
Source: docker/cli cli-plugins/manager/manager.go (PluginRunCommand), cmd/docker/docker.go (setupHelpCommand,
tryPluginRun), cli/flags/options.go, cli-plugins/socket/socket.go @ v26.1.5.
"""

import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Mapping, Sequence

import click
from click.shell_completion import ShellComplete

from layerfork.cli import main
from layerfork.cli.output import put, say
from layerfork.cli.root import root
from layerfork.errors import ExitCode

_SOCKET = "DOCKER_CLI_PLUGIN_SOCKET"
_GRACE_S = 2.0
"""For what ends by itself, because Ctrl-C reached it as well."""
_NO_FILES, _FILES = 4, 0
"""Directives of cobra: complete nothing but what was printed; or names of files, where nothing was.
Source: spf13/cobra completions.go (ShellCompDirectiveNoFileComp, ShellCompDirectiveDefault) @ v1.8.0."""


@click.command("docker", context_settings={"allow_interspersed_args": False}, add_help_option=False)
@click.option("--config", default="")
@click.option("-c", "--context", default="")
@click.option("-H", "--host", multiple=True)
@click.option("-D", "--debug", is_flag=True, expose_value=False)
@click.option("-l", "--log-level", expose_value=False)
@click.option("--tls", is_flag=True)
@click.option("--tlsverify", is_flag=True)
@click.option("--tlscacert", default="")
@click.option("--tlscert", default="")
@click.option("--tlskey", default="")
@click.option("-h", "--help", "asks", is_flag=True)
@click.argument("words", nargs=-1, type=click.UNPROCESSED)
def _docker(
    config: str,
    context: str,
    host: tuple[str, ...],
    tls: bool,
    tlsverify: bool,
    tlscacert: str,
    tlscert: str,
    tlskey: str,
    asks: bool,
    words: tuple[str, ...],
) -> tuple[dict[str, str | None], list[str]]:
    """Docker's own options: variables to set, or to unset, and the words from ``layerfork`` on."""
    if tlscacert or tlscert or tlskey:
        raise click.UsageError(
            "name the directory of the three files in DOCKER_CERT_PATH instead of by options"
        )
    if len(host) > 1:
        raise click.UsageError("one engine at a time: give -H once")
    variables: dict[str, str | None] = {}
    variables |= {"DOCKER_CONFIG": config} if config else {}
    variables |= {"DOCKER_CONTEXT": context, "DOCKER_HOST": None} if context else {}
    variables |= {"DOCKER_HOST": host[0], "DOCKER_CONTEXT": None} if host else {}
    variables |= {"DOCKER_TLS": "1"} if tls else {}
    variables |= {"DOCKER_TLS_VERIFY": "1"} if tlsverify else {}
    return variables, [*words, *(["--help"] if asks else [])]


def run(arguments: Sequence[str]) -> None:
    """Do what docker was asked, and end the process."""
    try:
        variables, words = _docker.main(list(arguments), "docker", standalone_mode=False)
    except click.ClickException as error:
        say(f"docker layerfork: {error.format_message()}")
        sys.exit(ExitCode.USAGE)
    _set(variables)
    _end_with_docker(os.environ.pop(_SOCKET, ""))
    match words:
        case ["__complete" | "__completeNoDesc", _, *typed]:
            _complete(typed)
        case ["help", _, *topic]:
            main([*topic, "--help"])
        case [_, *own]:
            main(own)
        case _:
            main(["--help"])


def _set(variables: Mapping[str, str | None]) -> None:
    for name, value in variables.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _complete(typed: Sequence[str]) -> None:
    """What may stand in the place of the last word, a line each, and cobra's directive."""
    words, begun = list(typed[:-1]), typed[-1] if typed else ""
    found = ShellComplete(root, {}, "layerfork", "_LAYERFORK_COMPLETE").get_completions(words, begun)
    plain = [item.value for item in found if item.type == "plain"]
    put("".join(f"{line}\n" for line in (*plain, f":{_NO_FILES if plain else _FILES}")))


def _end_with_docker(address: str) -> None:
    """End as after SIGTERM when docker closes its connection: it hands on no signal that it gets."""
    if not address:
        return
    connection = socket.socket(socket.AF_UNIX)
    try:
        connection.connect(f"\0{address[1:]}" if address.startswith("@") else address)
    except OSError:
        connection.close()
        return

    def wait() -> None:
        while connection.recv(1):
            pass
        time.sleep(_GRACE_S)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, daemon=True).start()


if __name__ == "__main__":
    run(sys.argv[1:])
