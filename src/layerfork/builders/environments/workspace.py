"""The private directory of one run: the context as clients get it, its tar, a home for each client."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from layerfork.builders.environments.contextfiles import write_context
from layerfork.builders.environments.privatedir import PREFIX, private_directory
from layerfork.builders.process import ProgramMissingError, last_lines, run
from layerfork.errors import LayerforkError, UsageError
from layerfork.record.build import BuildRequest, Command
from layerfork.record.scenario import RunOptions, Scenario

ROOM_BYTES = 1 << 20
"""Less free space than this is no space."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workspace:
    """Where one run keeps everything that it makes."""

    root: Path
    context: Path
    dockerfile: Path
    name: str
    """Part of every image tag of this run: unique on the engine."""

    @property
    def context_tar(self) -> Path:
        return self.root / "context.tar"

    def request(
        self, client: str, number: int, options: RunOptions, urls: tuple[str, str] = ("", "")
    ) -> BuildRequest:
        """The request for one client; ``number`` keeps tags and scratch directories apart,
        ``urls`` are where the context is served as a tar and as a git repository.
        """
        scratch = self.root / "builds" / f"{number}"
        (scratch / "home").mkdir(parents=True)
        repository = client.lower().replace("_", "-").replace("@", "-").replace("+", "-")
        return BuildRequest(
            context=self.context,
            context_tar=self.context_tar,
            dockerfile=self.dockerfile,
            tag=f"layerfork-{self.name}/{repository}:{number}",
            scratch=scratch,
            build_args=options.build_args,
            labels=options.labels,
            target=options.target,
            context_url=urls[0],
            context_git=urls[1],
        )


@contextlib.contextmanager
def open_workspace(scenario: Scenario) -> Iterator[Workspace]:
    """A workspace that is removed at the end.

    Raises: LayerforkError when it cannot be made.
    """
    with private_directory() as root:
        yield prepare(scenario, root)


def prepare(scenario: Scenario, root: Path) -> Workspace:
    """Lay out the context in ``root``.

    That of a scenario with phases is made as its first phase has it; a person's own directory is used where
    it is. Raises: UsageError.
    """
    context, dockerfile = scenario.context, scenario.dockerfile
    if scenario.phases:
        context = root / "context"
        write_context(scenario.phases[0], context)
        if not scenario.other_dockerfile:
            dockerfile = context / "Dockerfile"
    return Workspace(root=root, context=context, dockerfile=dockerfile, name=root.name.removeprefix(PREFIX))


def make_tar(workspace: Workspace) -> None:
    """Make the context tar as the 2015 test did: ``tar -cf ../context.tar .`` inside the context.

    Raises: UsageError when tar cannot read the context, LayerforkError when there is no tar.
    """
    command = Command(
        argv=("tar", "-cf", str(workspace.context_tar), "."),
        env={"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"},
        cwd=workspace.context,
    )
    try:
        completed = run(command)
    except ProgramMissingError as error:
        raise LayerforkError("tar is not installed", hint="install GNU tar (Debian package tar)") from error
    if not completed.ok:
        room = shutil.disk_usage(workspace.root).free > ROOM_BYTES
        raise UsageError(
            f"tar could not pack build context {workspace.context}",
            hint="make every file of it readable for you"
            if room
            else f"no space left in {workspace.root.parent}: free some, or point TMPDIR at another place",
            details=last_lines(completed.stderr),
        )
