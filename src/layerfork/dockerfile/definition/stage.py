"""What BuildKit's frontend knows while it goes through a stage: variables, directory, user, shell.

Source: moby/buildkit frontend/dockerfile/dockerfile2llb/convert.go @ v0.13.2 and 73ed6825c.
"""

import posixpath
from dataclasses import dataclass, replace

from layerfork.dockerfile.scope import JoinedScope, Variable
from layerfork.record.engine import ImageFacts

DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DEFAULT_SHELL = ("/bin/sh", "-c")


@dataclass(slots=True, kw_only=True)
class FrontendStage:
    """A stage between two instructions."""

    scope: JoinedScope
    directory: str = ""
    """Working directory; empty until something sets one."""
    user: str = ""
    user_from: tuple[Variable, ...] = ()
    """Variables that the USER line was expanded with."""
    shell: tuple[str, ...] = DEFAULT_SHELL
    triggers: tuple[str, ...] = ()
    """ONBUILD lines of the image that it begins with, which run first."""
    problem: str = ""
    """Why nothing can be said of this stage; empty when all is well."""
    base_known: bool = True
    """False: the image that it begins with may set more variables, and another directory."""
    is_configured: bool = True
    """The whole configuration of the image that it begins with is known, not only the environment."""

    def of_image(self, facts: ImageFacts, *, whole: bool = True) -> "FrontendStage":
        """A stage that begins with an image; ``whole``: all of its configuration is known."""
        env = facts.env
        if not any(entry.startswith("PATH=") for entry in env):
            env = (*env, DEFAULT_PATH)
        return FrontendStage(
            scope=self.scope.of_image(entry.partition("=")[::2] for entry in env),
            directory=_join("", facts.working_dir) if facts.working_dir else "",
            user=facts.user,
            shell=facts.shell or DEFAULT_SHELL,
            triggers=facts.onbuild,
            is_configured=whole,
        )

    def of_unknown_image(self) -> "FrontendStage":
        """A stage that begins with an image that nobody asked about."""
        return FrontendStage(scope=self.scope.of_image(()), base_known=False, is_configured=False)

    def after(self, base: "FrontendStage") -> "FrontendStage":
        """A stage that begins where another one ended."""
        return replace(base, scope=self.scope.after(base.scope), triggers=())

    def enter(self, path: str) -> None:
        """A WORKDIR line; the path is expanded already. An absolute one stays as it is written, and so does
        the directory for an empty one."""
        if path or not self.directory:
            self.directory = path if path.startswith("/") else _join(self.directory, path)

    def absolute(self, path: str) -> str:
        """A destination seen from the working directory; a slash at its end stays."""
        joined = _join(self.directory, path)
        ends_open = path in ("", ".") or path.endswith("/")
        return f"{joined}/" if ends_open and not joined.endswith("/") else joined

    def made_directory(self) -> str:
        """The working directory as a WORKDIR makes it."""
        return _join("", self.directory)


def _join(directory: str, path: str) -> str:
    return posixpath.normpath(posixpath.join("/", directory, path)).replace("//", "/", 1)
