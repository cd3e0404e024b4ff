"""What lint says of lines alone, as a log shows them: only what no file of the context could refute."""

import pytest

from layerfork.dockerfile.parser import parse_dockerfile
from layerfork.lint.linter import suspect
from layerfork.record.lint import TrapCode


def suspected(*lines: str) -> list[tuple[TrapCode, int]]:
    text = "\n".join(("FROM node", *lines))
    return [(trap.code, trap.line) for trap in suspect(parse_dockerfile(text, "Dockerfile"), text)]


@pytest.mark.parametrize(
    "install", ["npm ci", "pip install -r requirements.txt", "go mod download", "apt-get install -y curl"]
)
def test_a_copy_of_everything_before_an_install(install: str) -> None:
    assert suspected("WORKDIR /app", "COPY . .", f"RUN {install}") == [(TrapCode.COPY_BEFORE_INSTALL, 3)]


@pytest.mark.parametrize(
    "lines",
    [
        ("COPY . .", "RUN npm ci && npm run build"),
        ("COPY . .", "RUN make", "RUN npm ci"),
        ("COPY package.json .", "RUN npm ci", "COPY . ."),
        ("COPY --from=build . .", "RUN npm ci"),
        ("COPY src .", "RUN npm ci"),
        ("COPY . .", "RUN pip install -e ."),
    ],
)
def test_what_reads_more_or_copies_less_is_no_trap(lines: tuple[str, ...]) -> None:
    assert suspected(*lines) == []


def test_an_argument_that_changes_above_an_install() -> None:
    assert suspected("ARG GIT_SHA=dev", "RUN npm ci") == [(TrapCode.ARG_BEFORE_INSTALL, 2)]
    assert suspected("RUN npm ci", "ARG GIT_SHA=dev", "RUN echo $GIT_SHA") == []
