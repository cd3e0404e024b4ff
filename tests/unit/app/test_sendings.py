"""What clients send otherwise than a packed context, on directories of which that is known."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from layerfork.app.packcheck import check_sendings
from layerfork.errors import UsageError
from layerfork.record.build import Builder

LAYERFORK = Path(sys.executable).with_name("layerfork")
Found = dict[str, tuple[int, str, str, str]]
"""Number of entries, the first, as it is sent and packed, by cause."""


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """As a checkout under umask 022 has it, of the user who asks."""
    root = tmp_path / "context"
    (root / "src").mkdir(parents=True)
    (root / "Dockerfile").write_text("FROM alpine\nCOPY . /src\n")
    (root / "src" / "a").write_text("a\n")
    (root / "src" / "link").symlink_to("a")
    for path, mode in ((root / "src", 0o755), (root / "Dockerfile", 0o644), (root / "src" / "a", 0o644)):
        path.chmod(mode)
    return root


def found(root: Path, client: str, builder: Builder) -> Found:
    report = check_sendings(root, None, [client], print)
    (sending,) = (each for each in report.sendings if each.builder is builder)
    return {
        each.cause.value: (each.entries, each.path, each.sent, each.packed) for each in sending.differences
    }


@pytest.mark.parametrize(
    ("client", "builder"),
    [
        ("docker-build", Builder.CLASSIC),
        ("docker-build", Builder.BUILDKIT),
        ("docker-build@24.0.5", Builder.CLASSIC),
        ("podman-remote-build", Builder.BUILDAH),
    ],
)
def test_a_checkout_as_it_should_be_is_sent_as_packed(context: Path, client: str, builder: Builder) -> None:
    assert found(context, client, builder) == {}


def test_tar_writes_a_prefix(context: Path) -> None:
    names = found(context, "docker-context-build", Builder.CLASSIC)["entry-name"]

    assert names == (4, "Dockerfile", "./Dockerfile", "Dockerfile")
    assert "entry-name" not in found(context, "docker-context-build", Builder.BUILDKIT)


@pytest.mark.skipif(os.getuid() != 0, reason="owners are changed by root")
def test_owners_count_where_they_are_sent_and_read(context: Path) -> None:
    os.chown(context / "src" / "a", 1000, 1001)

    assert found(context, "docker_py-build", Builder.CLASSIC) == {
        "uid": (1, "src/a", "1000", "0"),
        "gid": (1, "src/a", "1001", "0"),
    }
    assert found(context, "dockerode-tar_fs-build", Builder.BUILDKIT) == {
        "uid": (1, "src/a", "1000", "0"),
        "gid": (1, "src/a", "1001", "0"),
    }
    assert found(context, "docker-build", Builder.CLASSIC) == {}
    assert found(context, "podman-build", Builder.BUILDAH) == {}


def test_old_docker_clients_send_type_bits(context: Path) -> None:
    bits = found(context, "docker-build@20.10.24", Builder.CLASSIC)

    assert bits["mode-type-bits"] == (4, "Dockerfile", "0100644", "0644")


def test_modes_links_and_second_names(context: Path) -> None:
    (context / "src" / "a").chmod(0o664)
    (context / "src" / "b").hardlink_to(context / "src" / "a")

    classic = found(context, "docker-build", Builder.CLASSIC)
    buildkit = found(context, "docker-build", Builder.BUILDKIT)
    dockerode = found(context, "dockerode-tar_fs-build", Builder.CLASSIC)
    podman_py = found(context, "podman_py-build", Builder.BUILDAH)

    assert classic == {
        "hardlink": (1, "src/b", "hardlink", "file"),
        "mode": (1, "src/a", "0664", "0644"),
    }
    assert buildkit == {"mode": (2, "src/a", "0664", "0644")}
    assert dockerode["mode"][1:] == ("src/link", "0755", "0777")
    assert podman_py["entry-missing"] == (1, "src/b", "", "file")


def test_setuid_does_not_count_for_buildah(context: Path) -> None:
    (context / "src" / "a").chmod(0o4644)

    assert found(context, "docker-build", Builder.CLASSIC) == {"mode": (1, "src/a", "04644", "0644")}
    assert found(context, "podman-remote-build", Builder.BUILDAH) == {}


def test_ignore_rules_that_nobody_applies(context: Path) -> None:
    (context / "junk").mkdir()
    (context / "junk" / "x").write_text("")
    (context / ".dockerignore").write_text("junk\n")

    tar = found(context, "dockerode-tar_fs-build", Builder.BUILDKIT)

    assert tar["entry-extra"] == (1, "junk/x", "file", "")
    assert tar["directory-entry"] == (1, "junk", "directory", "")
    assert found(context, "docker-build", Builder.BUILDKIT) == {}
    assert found(context, "podman-build", Builder.BUILDAH) == {}


def test_an_ignored_dockerfile_is_in_the_tar_and_not_in_buildkits_transfer(context: Path) -> None:
    (context / ".dockerignore").write_text("Dockerfile\n")

    assert found(context, "docker-build", Builder.BUILDKIT) == {
        "entry-missing": (1, "Dockerfile", "", "file")
    }
    assert found(context, "docker-build", Builder.CLASSIC) == {}


def test_a_directory_that_only_buildkit_sends_is_the_one_that_it_makes_of_a_tar(context: Path) -> None:
    (context / "docs").mkdir(mode=0o755)
    (context / "docs" / "x").write_text("")
    (context / "docs" / "x").chmod(0o644)
    (context / ".dockerignore").write_text("docs\n!docs/x\n")
    (context / ".dockerignore").chmod(0o644)

    assert found(context, "docker-build", Builder.BUILDKIT) == {}


def test_all_clients_are_asked_and_those_of_which_nothing_is_known_are_listed(context: Path) -> None:
    report = check_sendings(context, None, (), print)

    asked = {client for sending in report.sendings for client in sending.clients}
    assert {"docker-build", "docker_py-build", "dockerode-build", "podman-build"} <= asked
    assert "docker-git-build" in report.unknown
    assert not asked & set(report.unknown)
    with pytest.raises(UsageError):
        check_sendings(context, None, ["docker-bild"], print)


def test_the_command_says_it_and_its_exit_code_too(context: Path) -> None:
    def check(*words: str) -> "subprocess.CompletedProcess[str]":
        argv = [str(LAYERFORK), "pack", str(context), "--check", *words]
        return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)

    same, differs = (
        check("--client", "docker-build"),
        check("--client", "docker-context-build", "--format", "json"),
    )

    assert (same.returncode, differs.returncode) == (0, 1)
    assert same.stdout == (
        "docker-build (classic)\n"
        "  the same as packed\n"
        "\n"
        "docker-build (buildkit)\n"
        "  the same as packed\n"
        "  note: a directory's transfer has no header of the root: "
        "COPY . shares nothing with a tar (root-header)\n"
        "\n"
        f"0 of 2 ways to send {context} differ from `layerfork pack`\n"
    )
    document = json.loads(differs.stdout)
    assert (document["schema"], document["differs"]) == ("layerfork/pack-check/1", True)
    (classic,) = (each for each in document["sendings"] if each["builder"] == "classic")
    assert classic["differences"][0] == {
        "cause": "entry-name",
        "entries": 4,
        "path": "Dockerfile",
        "sent": "./Dockerfile",
        "packed": "Dockerfile",
    }
    assert check("-o", "x.tar").returncode == 2


DESCRIBED = """
[clients.mine]
command = "make image TAG={tag} DIR={context}"
[clients.theirs]
command = "docker build -t {tag} - < {tar}"
"""


def test_clients_of_settings_are_known_by_their_names(context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (context / "layerfork.toml").write_text(DESCRIBED)
    monkeypatch.chdir(context)

    report = check_sendings(context, None, ["mine", "theirs"], print)

    assert report.unknown == ("mine",)
    assert {each.clients for each in report.sendings} == {("theirs",)}
    with pytest.raises(UsageError) as error:
        check_sendings(context, None, ["mnie"], print)
    assert "did you mean mine" in error.value.hint


def test_a_client_of_which_nothing_is_known_is_no_success(context: Path) -> None:
    (context / "layerfork.toml").write_text(DESCRIBED)
    argv = [str(LAYERFORK), "pack", ".", "--check", "--client", "mine"]
    made = subprocess.run(argv, cwd=context, capture_output=True, text=True, timeout=60, check=False)
    assert made.returncode == 3
    assert "layerfork run . --client mine" in made.stdout
