"""The proof of every lint rule's page, typed as it is printed: the trap makes a step miss, the repaired file
does not, and lint tells one from the other. A trap that is a stale hit is the other way round."""

import contextlib
import os
import re
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from contracts.lintproof import Proof, proofs
from today import part_of_today

from layerfork.app.lint import find_traps
from layerfork.builders.api.loopbackregistry import registry_for
from layerfork.builders.engines import open_engine
from layerfork.builders.environments.privatedir import SHORT, private_directory
from layerfork.builders.environments.shell import REGISTRY_VARIABLE, engine_environment

pytestmark = pytest.mark.engine

PROOFS = proofs()
BUILDKIT = "1"
CLASSIC = "0"
BY_DOCKERFILE = ("copy-before-install", "arg-before-install", "stale-package-index")
"""Traps that are proven for the classic builder as well."""


@pytest.fixture(scope="module")
def environments(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], dict[str, str]]]:
    """The shell of an engine, which is started when a page first needs it; each has a registry."""
    opened: dict[str, dict[str, str]] = {}
    with contextlib.ExitStack() as stack:

        def shell(engine: str) -> dict[str, str]:
            if engine not in opened:
                running = stack.enter_context(open_engine(engine).start(os.environ, print))
                directory = stack.enter_context(private_directory(SHORT))
                assert running.daemons is not None
                storage = tmp_path_factory.mktemp("registry")
                registry = registry_for(running.daemons, storage, os.environ, print)
                env = engine_environment(running, directory)
                opened[engine] = {**env, REGISTRY_VARIABLE: stack.enter_context(registry)}
            return opened[engine]

        yield shell


def script(proof: Proof) -> str:
    """Trap and repair, each kept, built, changed and built again; the output of each build in a file."""
    parts = []
    for name, made in (("trap", proof.trap), ("repair", proof.repair)):
        build = f"{{\n{proof.build}\n}}"
        parts += [made, f"cp -a . ../{name}", f"{build} > ../{name}.1 2>&1", proof.change]
        parts += [f"{build} > ../{name}.2 2>&1"]
    return "\n".join(parts)


def is_built_again(output: str, watch: str) -> bool:
    """Whether the last of these instructions ran, as either builder prints it.

    BuildKit says CACHED of what it reuses, or, where it has to fetch a layer for it, sometimes only that.
    """
    found = re.findall(rf"^#(\d+) (?:\[.*?\] )?{re.escape(watch)}$", output, re.MULTILINE)
    if found:
        reused = rf"^#{found[-1]} (CACHED|sha256:[0-9a-f]{{64}} .* done)$"
        return re.search(reused, output, re.MULTILINE) is None
    (step,) = re.findall(rf"^Step \d+/\d+ : {re.escape(watch)}\n(.*)$", output, re.MULTILINE)
    return "Using cache" not in step


@pytest.mark.parametrize(
    ("code", "builder"),
    part_of_today([*((code, BUILDKIT) for code in PROOFS), *((code, CLASSIC) for code in BY_DOCKERFILE)], 2),
)
def test_a_trap_busts_and_its_repair_does_not(
    code: str, builder: str, environments: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    proof = PROOFS[code]
    outputs = typed(proof, builder, environments, tmp_path)

    for name, is_trap in (("trap", True), ("repair", False)):
        codes = [trap.code for trap in find_traps([str(tmp_path / name)], (), ()).traps]
        assert (code in codes) is is_trap, (name, codes)
    if proof.reused is None:
        assert is_built_again(outputs["trap.2"], proof.watch), outputs
        assert not is_built_again(outputs["repair.2"], proof.watch), outputs
    else:
        assert not is_built_again(outputs["trap.2"], proof.reused), outputs
        assert is_built_again(outputs["repair.2"], proof.watch), outputs


@pytest.mark.parametrize("builder", [BUILDKIT, CLASSIC])
def test_a_stale_index_is_installed_from(
    builder: str, environments: Callable[[str], dict[str, str]], tmp_path: Path
) -> None:
    """The page's apt-get prints which index it fetches, and which one it installs from."""
    page = PROOFS["stale-package-index"]
    own = "FROM alpine\nENV BUILT_BY=another-test"
    trap, repair = (text.replace("FROM alpine", own) for text in (page.trap, page.repair))
    outputs = typed(replace(page, trap=trap, repair=repair), builder, environments, tmp_path)
    fetched, installed = (
        {name: re.findall(rf"{verb} index ([0-9.]+)", text)[-1:] for name, text in outputs.items()}
        for verb in ("fetched", "installs from")
    )
    assert installed["trap.1"] == fetched["trap.1"] != []
    assert (installed["trap.2"], fetched["trap.2"]) == (fetched["trap.1"], []), outputs
    assert installed["repair.2"] == fetched["repair.2"] != [], outputs
    assert fetched["repair.2"] != fetched["repair.1"]


def typed(
    proof: Proof, builder: str, environments: Callable[[str], dict[str, str]], tmp_path: Path
) -> dict[str, str]:
    """The output of each build."""
    directory = tmp_path / "empty"
    directory.mkdir()
    done = subprocess.run(
        ["sh", "-e", "-c", script(proof)],
        cwd=directory,
        env={
            **environments(proof.engine.partition(" ")[0]),
            "BUILDKIT_PROGRESS": "plain",
            **({"DOCKER_BUILDKIT": builder} if builder == CLASSIC else {}),
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    outputs = {path.name: path.read_text() for path in tmp_path.iterdir() if path.is_file()}
    assert done.returncode == 0, (done.stdout, done.stderr, outputs)
    return outputs
