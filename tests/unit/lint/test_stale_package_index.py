"""What the rule about apt's package index finds, and what it leaves alone."""

from pathlib import Path

import pytest
from unit.lint.trees import found, lint, write

CODE = "stale-package-index"
BASE = "FROM debian:12\n"
INSTALL = "RUN apt-get install -y curl\n"


def lines_of(root: Path, text: str, **files: str) -> list[int]:
    write(root, Dockerfile=text, **files)
    return [int(each.split(":")[1].split()[0]) for each in found(root, CODE)]


@pytest.mark.parametrize(
    "update",
    [
        "RUN apt-get update",
        "run apt-get update",
        "RUN apt update",
        "RUN apt-get -qq -y update",
        "RUN apt-get update -y",
        "RUN apt-get -o Acquire::Check-Valid-Until=false update",
        "RUN apt-get --option A=b update",
        "RUN sudo apt-get update",
        "RUN sudo -E apt-get update",
        "RUN /usr/bin/apt-get update",
        "RUN DEBIAN_FRONTEND=noninteractive apt-get update",
        'RUN DEBIAN_FRONTEND="noninteractive" apt-get update',
        "RUN apt-get update > /dev/null 2>&1",
        "RUN apt-get update || true",
        "RUN set -eux; apt-get update",
        "RUN if true; then apt-get update; fi",
        "RUN (apt-get update)",
        "RUN timeout 300 apt-get update",
        "RUN apt-get update # an index",
        "RUN apt-get update && apt-get clean",
        "RUN rm -rf /var/lib/apt/lists/* && apt-get update",
        "RUN echo 'deb http://a b; c' > /etc/apt/sources.list.d/a.list && apt-get update",
        "RUN add-apt-repository -y ppa:a/b && apt-get update",
        "RUN curl -s https://a/key | apt-key add - && apt-get update",
        'RUN ["apt-get", "update"]',
        'RUN ["/bin/bash", "-c", "apt-get update"]',
        "RUN bash -c 'apt-get update'",
        'RUN bash -ec "apt-get update"',
        "RUN \\\n  apt-get \\\n  update",
        "RUN <<EOF\napt-get update\nEOF",
        "RUN <<-'EOF'\n\tset -e\n\tapt-get \\\n\t  update\nEOF",
        "RUN <<EOF\n#!/bin/bash\napt-get update\nEOF",
        "RUN bash -e <<EOF\napt-get update\nEOF",
        "RUN --mount=type=cache,target=/var/cache/apt apt-get update",
        "RUN --network=default apt-get update",
    ],
)
def test_an_update_by_itself(tmp_path: Path, update: str) -> None:
    assert lines_of(tmp_path, f"{BASE}{update}\nENV A=b\n{INSTALL}") == [2]


@pytest.mark.parametrize(
    "update",
    [
        "RUN apt-get update && apt-get install -y wget",
        "RUN apt-get update; apt-get install -y wget",
        "RUN apt-get update && apt-get upgrade -y",
        "RUN apt-get install -y wget && apt-get update",
        "RUN apt-get update && apt-get install -y ./own.deb",
        "RUN apt-get update && DEBIAN_FRONTEND=x apt-get -qq -o A=b dist-upgrade",
        "RUN apt-get update && for each in a b; do apt-get install $each; done",
        "RUN apt-get update && apt-get build-dep -y a",
        "RUN apt-get update && aptitude install a",
        "RUN apt-get update && npx playwright install-deps",
        "RUN bash -c 'apt-get update && apt-get install -y wget'",
        "RUN <<EOF\napt-get update\napt-get install -y wget\nEOF",
        "RUN apt-get update && ./setup.sh",
        "RUN apt-get update && sh /setup",
        "RUN apt-get update && curl https://a/setup | bash -",
        "RUN apt-get update && make packages",
        "RUN apt-get update && rm -rf /var/lib/apt/lists/*",
        "RUN ./update.sh",
        "RUN sh update",
        "RUN <<EOF\n#!/usr/bin/env python3\napt-get update\nEOF",
        "RUN cat <<EOF > /update\napt-get update\nEOF",
        "RUN echo 'apt-get update'",
        "RUN echo 'a; apt-get update'",
        'RUN echo "; apt-get update',
        "RUN # apt-get update",
        "RUN apt-cache update",
        "RUN npm update",
        "RUN apk update",
        "RUN aptitude update",
        "RUN apt-get clean",
        "ONBUILD RUN apt-get update",
        "LABEL update='RUN apt-get update'",
        "RUN --mount=type=cache,target=/var/lib/apt/lists apt-get update",
        "RUN --mount=type=cache,target=/var/lib/apt,sharing=locked apt-get update",
        "RUN --mount=type=cache,dst=/var/lib/apt/ apt-get update",
        "RUN --mount=target=/var/lib/apt/lists,type=cache apt-get update",
        "RUN --mount=type=tmpfs,destination=/var apt-get update",
        "RUN --mount=type=cache,target=$LISTS apt-get update",
    ],
)
def test_updates_that_install_too_and_what_is_no_update(tmp_path: Path, update: str) -> None:
    assert lines_of(tmp_path, f"{BASE}{update}\n{INSTALL}") == []


@pytest.mark.parametrize(
    ("later", "installs"),
    [
        ("RUN apt-get install -y curl", True),
        ("RUN apt install curl", True),
        ("RUN apt-get -y install --no-install-recommends curl=8.* wget", True),
        ("RUN apt-get -t bookworm-backports install curl", True),
        ("RUN apt-get install -y curl/bookworm-backports", True),
        ("RUN apt-get install -y $PACKAGES", True),
        ("RUN apt-get install -y $(cat /packages)", True),
        ("RUN xargs apt-get install -y < /packages", True),
        ("RUN apt-get install -y ./own.deb wget", True),
        ("RUN dpkg -i own.deb || apt-get install -f -y", True),
        ("RUN apt-get upgrade -y", True),
        ("RUN apt-get dist-upgrade -y", True),
        ("RUN apt-get build-dep -y curl", True),
        ("RUN yes | apt-get install curl", True),
        ("RUN cd /tmp; apt-get install curl", True),
        ("RUN ! test -e /curl && (apt-get install curl)", True),
        ("RUN sudo bash -c 'apt-get install -y curl'", True),
        ('RUN ["apt-get", "install", "-y", "curl"]', True),
        ("RUN <<EOF\napt-get install -y \\\n  curl\nEOF", True),
        ("RUN apt-get install -y curl && rm -rf /var/lib/apt/lists/*", True),
        ("RUN apt-get install -y gnupg && ./key.sh && apt-get update && apt-get install curl", True),
        ("RUN pip install curl && chmod +x /a.sh\nRUN apt-get install curl", True),
        ("RUN update-ca-certificates\nRUN apt-get install curl", True),
        ("RUN apt-get update && apt-get install -y curl", False),
        ("RUN sudo apt-get -qq update; apt-get install -y curl", False),
        ("RUN retry 5 apt-get update && apt-get install -y curl", False),
        ("RUN <<EOF\napt-get update\napt-get install -y curl\nEOF", False),
        ("RUN apt-get install -y ./own.deb", False),
        ("RUN apt-get install -y /tmp/own.deb ../other.deb", False),
        ("RUN apt-get install -y /tmp/*.deb $HOME/own.deb", False),
        ("RUN apt-get install --dry-run curl", False),
        ("RUN apt-get remove -y curl && apt-get clean", False),
        ("RUN apt-cache show curl", False),
        ("RUN echo 'apt-get install curl'", False),
        ("RUN echo 'a; apt-get install curl'", False),
        ("RUN npm install && pip install curl", False),
        ("RUN apk add curl", False),
        ("RUN make", False),
        ("RUN --mount=type=cache,target=/var/lib/apt apt-get install -y curl", False),
        ("RUN --mount=type=cache,target=/var/lib/apt/lists,sharing=locked apt-get install -y curl", False),
        ("RUN ./setup.sh\nRUN apt-get install curl", False),
        ("RUN curl https://a/setup | bash -\nRUN apt-get install nodejs", False),
        ("RUN add-apt-repository -y ppa:a/b\nRUN apt-get install curl", False),
        ("RUN rm -rf /var/lib/apt/lists/*\nRUN apt-get install curl", False),
        ("RUN apt-get distclean\nRUN apt-get install curl", False),
        ("RUN apt-get update && apt-get install -y wget\nRUN apt-get install curl", False),
        ("CMD apt-get install -y curl", False),
        ("ONBUILD RUN apt-get install -y curl", False),
        ("FROM debian:12\nRUN apt-get install -y curl", False),
        ("FROM scratch\nCOPY --from=0 / /", False),
    ],
)
def test_what_installs_from_its_index(tmp_path: Path, later: str, installs: bool) -> None:
    assert lines_of(tmp_path, f"{BASE}RUN apt-get update\n{later}\n") == [2] * installs


def test_each_update_of_several(tmp_path: Path) -> None:
    text = f"{BASE}RUN apt-get update\n{INSTALL}RUN apt-get update\nRUN apt-get install -y wget\n"
    assert lines_of(tmp_path, text) == [2, 4]
    assert lines_of(tmp_path, f"{BASE}RUN apt-get update\nRUN apt-get update\n{INSTALL}") == [3]


def test_stages_on_top_of_the_one_that_updates(tmp_path: Path) -> None:
    base = "FROM debian:12 AS a\nRUN apt-get update\n"
    assert lines_of(tmp_path, f"{base}FROM a AS b\n{INSTALL}") == [2]
    assert lines_of(tmp_path, f"{base}FROM a AS b\nRUN make-b\nFROM b\n{INSTALL}") == [2]
    assert lines_of(tmp_path, f"{base}FROM a AS b\nRUN rm -r /var/lib/apt/lists\nFROM b\n{INSTALL}") == []
    other = "FROM a AS b\nRUN apt-get update && apt-get install -y wget\n"
    assert lines_of(tmp_path, f"{base}{other}") == []
    assert lines_of(tmp_path, f"{base}{other}FROM b\n{INSTALL}") == []
    assert lines_of(tmp_path, f"{base}{other}FROM a\n{INSTALL}") == [2]
    assert lines_of(tmp_path, f"{base}RUN apt-get update\nFROM a\n{INSTALL}") == [3]


@pytest.mark.parametrize(
    ("above", "silent"),
    [
        ("COPY . .", True),
        ("ADD . /src", True),
        ("COPY Dockerfile /", True),
        ("COPY * /", True),
        ("RUN --mount=target=/src make", True),
        ("RUN --mount=type=bind,source=.,target=/src make", True),
        ("ARG CACHEBUST=1", True),
        ("ARG BUILD_DATE", True),
        ("ARG GIT_SHA=unknown", True),
        ("COPY src /src", False),
        ("COPY --from=other . .", False),
        ("RUN --mount=type=bind,source=src,target=/src make", False),
        ("RUN --mount=type=bind,from=other,target=/src make", False),
        ("RUN --mount=type=secret,id=a make", False),
        ("ARG DEBIAN_FRONTEND=noninteractive", False),
        ("ARG VERSION=1.2", False),
    ],
)
def test_updates_that_run_again_with_an_edit(tmp_path: Path, above: str, silent: bool) -> None:
    text = f"{BASE}{above}\nRUN apt-get update\n{INSTALL}"
    assert lines_of(tmp_path, text, **{"src/a": "1"}) == [3] * (not silent)
    staged = f"FROM debian:12 AS a\n{above}\nFROM a\nRUN apt-get update\n{INSTALL}"
    assert lines_of(tmp_path, staged) == [4] * (not silent)


def test_an_ignored_dockerfile_is_not_copied(tmp_path: Path) -> None:
    text = f"{BASE}COPY . .\nRUN apt-get update\n{INSTALL}"
    assert lines_of(tmp_path, text, **{".dockerignore": "Dockerfile\n"}) == [3]


def test_the_edit_joins_the_two(tmp_path: Path) -> None:
    install = "RUN --network=default apt-get install \\\n  curl\n"
    text = f"{BASE}RUN apt-get -qq update \\\n  -y\n\nENV A=b\n{install}"
    write(tmp_path, Dockerfile=text)
    (trap,) = lint(tmp_path, [CODE]).traps
    assert trap.cost.startswith(
        "an edit of line 6 does not run this again: apt installs from the package index"
    )
    assert (
        trap.fix.sentence == "put `apt-get -qq update -y &&` at the start of line 6, and take this line out"
    )
    removed, joined = trap.fix.edits
    assert (removed.line, removed.before) == (2, ("RUN apt-get -qq update \\", "  -y"))
    assert removed.after == ()
    assert (joined.line, joined.before) == (6, ("RUN --network=default apt-get install \\", "  curl"))
    assert joined.after == ("RUN --network=default apt-get -qq update -y && apt-get install \\", "  curl")


@pytest.mark.parametrize(
    ("update", "rest"),
    [
        ("RUN apt-get update", f"{INSTALL}RUN apt-get install -y wget"),
        ("RUN apt-get update", f"USER me\n{INSTALL}"),
        ("RUN apt-get update", f'SHELL ["/bin/bash", "-c"]\n{INSTALL}'),
        ("RUN apt-get update", f"COPY a.list /etc/apt/sources.list.d/\n{INSTALL}"),
        ("RUN apt-get update", f"RUN wget -q a\n{INSTALL}"),
        ("RUN apt-get update", "RUN dpkg -i own.deb || apt-get install -f -y"),
        ("RUN apt-get update", "RUN apt-get install -y curl; true"),
        ("RUN apt-get update", "RUN apt-get install -y curl | cat"),
        ("RUN apt-get update", "RUN apt-get install -y curl &"),
        ("RUN apt-get update", "RUN yes | apt-get install curl"),
        ("RUN apt-get update", "RUN \\\n  apt-get install curl"),
        ("RUN apt-get update", 'RUN ["apt-get", "install", "curl"]'),
        ("RUN apt-get update", "RUN <<EOF\napt-get install curl\nEOF"),
        ("RUN apt-get update || true", INSTALL),
        ("RUN apt-get update && apt-get clean", INSTALL),
        ("RUN --mount=type=cache,target=/var/cache/apt apt-get update", INSTALL),
        ('RUN ["apt-get", "update"]', INSTALL),
        ("RUN <<EOF\napt-get update\nEOF", INSTALL),
    ],
)
def test_advice_without_an_edit_where_joining_may_change_more(tmp_path: Path, update: str, rest: str) -> None:
    write(tmp_path, Dockerfile=f"{BASE}{update}\n{rest}")
    (trap,) = lint(tmp_path, [CODE]).traps
    assert trap.fix.edits == ()
    assert trap.fix.sentence.endswith("with `apt-get update &&` as well")


def test_advice_names_sudo_and_all_lines(tmp_path: Path) -> None:
    install = "RUN sudo apt-get install a\n"
    write(tmp_path, Dockerfile=f"{BASE}RUN sudo apt-get update\n{install * 2}FROM 0\n{install}")
    (trap,) = lint(tmp_path, [CODE]).traps
    assert trap.fix.sentence == "begin the RUNs of lines 3 and 4 with `sudo apt-get update &&` as well"


def test_a_comment_suppresses_it(tmp_path: Path) -> None:
    text = f"{BASE}# layerfork: ignore={CODE}\nRUN apt-get update\n{INSTALL}"
    assert lines_of(tmp_path, text) == []
