"""How pages with commands are read, and held against what was printed."""

import pytest
from contracts.consolepage import typed_in

PAGE = """\
# Title

```console
$ cat > a <<'END'
> one
> END
$ layerfork why .
...
Dockerfile:3  COPY . .  missed
  0.3 s, 1 more step
```

```sh
$ not typed
```

```console
$ true
```
"""


def test_commands_their_lines_and_what_they_print() -> None:
    found = [(each.line, each.command, each.prints) for each in typed_in(PAGE)]
    assert found == [
        (4, "cat > a <<'END'\none\nEND", ()),
        (7, "layerfork why .", ("...", "Dockerfile:3  COPY . .  missed", "  0.3 s, 1 more step")),
        (18, "true", ()),
    ]


@pytest.mark.parametrize(
    ("said", "same"),
    [
        ("Dockerfile:3  COPY . .  missed\n  12.5 s, 1 more step\n", True),
        ("#1 docker says\n\nDockerfile:3  COPY . .  missed\n  0.3 s, 1 more step\n", True),
        ("Dockerfile:3  COPY . .  missed\n  0.3 s, 2 more steps\n", False),
        ("Dockerfile:4  COPY . .  missed\n  0.3 s, 1 more step\n", False),
        ("Dockerfile:3  COPY . .  missed\n  0.3 s, 1 more step\nTraceback\n", False),
        ("", False),
    ],
)
def test_only_what_differs_from_run_to_run_may_differ(said: str, same: bool) -> None:
    assert typed_in(PAGE)[1].matches(said) is same


def test_a_command_that_shows_nothing_prints_nothing() -> None:
    assert typed_in(PAGE)[2].matches("")
    assert not typed_in(PAGE)[2].matches("sh: true: not found\n")
