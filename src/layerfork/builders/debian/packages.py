"""Downloads Debian packages of any suite with apt, without touching the system's own package state."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from layerfork.builders.process import find_program, last_lines, run
from layerfork.errors import EngineError
from layerfork.record.build import Command, Completed
from layerfork.record.run import Say

MIRROR_VARIABLE = "LAYERFORK_DEBIAN_MIRROR"
KEYRINGS = tuple(Path(f"/usr/share/keyrings/debian-archive-keyring.{ending}") for ending in ("pgp", "gpg"))
"""Of package debian-archive-keyring; ``.pgp`` is its name from trixie on."""
DOWNLOAD_LIMIT_S = 1800.0
NO_SPACE = "No space left on device"

_SETTINGS = """\
Dir::Etc::sourcelist "/dev/null";
Dir::Etc::sourceparts "{state}/sources";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{state}/preferences";
Dir::State "{state}/state";
Dir::State::status "{state}/status";
Dir::Cache "{state}/cache";
Dir::Log "{state}";
APT::Sandbox::User "{user}";
Acquire::Languages "none";
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
"""
_SOURCE = """\
Types: deb
URIs: {mirror}
Suites: {suite}
Components: main
Signed-By: {keyring}
"""


def download(
    suite: str, packages: Sequence[str], state: Path, environment: Mapping[str, str], say: Say
) -> list[Path]:
    """Bring packages of a suite into ``state/debs`` and return the files; how much that is is said before.

    ``state`` is a private directory of apt's; what an earlier, interrupted call left there is used.
    The mirror is the one that the machine's own apt sources name, or ``$LAYERFORK_DEBIAN_MIRROR``.

    Raises: EngineError when this is no Debian family, the mirror can't be reached, or the disk is full.
    """
    for tool in ("apt-get", "dpkg-deb"):
        if find_program(tool) is None:
            raise EngineError(
                f"{tool} is missing: engines are unpacked from Debian's packages",
                "use Debian or Ubuntu, or an installed Docker with --engine host",
            )
    debs = state / "debs"
    for directory in ("sources", "preferences", "state/lists/partial", "cache/archives/partial", "debs"):
        (state / directory).mkdir(parents=True, exist_ok=True)
    (state / "status").write_text("", encoding="ascii")
    source = _SOURCE.format(mirror=find_mirror(environment), suite=suite, keyring=_keyring())
    (state / "sources" / "debian.sources").write_text(source, encoding="utf-8")
    user = "root" if os.geteuid() == 0 else "_apt"
    (state / "apt.conf").write_text(_SETTINGS.format(state=state, user=user), encoding="utf-8")
    apt = ("apt-get", "-qq", "-c", str(state / "apt.conf"))
    _check(_apt((*apt, "update", "--error-on=any"), state, environment), suite)
    # Listed from a directory without packages: apt leaves out what the current one has already.
    listing = _check(_apt((*apt, "download", "--print-uris", *packages), state, environment), suite)
    found = [line.split() for line in listing.stdout.splitlines()]
    size_mb = sum(int(size) for _, _, size, *_ in found) / 1e6
    count = f"{len(found)} package{'' if len(found) == 1 else 's'}"
    say(f"downloading {count} of Debian {suite}, {size_mb:.0f} MB")
    _check(_apt((*apt, "download", *packages), debs, environment), suite)
    return [debs / name for _, name, *_ in found]


def find_mirror(environment: Mapping[str, str]) -> str:
    """The Debian mirror to use.

    Raises: EngineError when the machine's apt sources name none.
    """
    if mirror := environment.get(MIRROR_VARIABLE):
        return mirror
    argv = ("apt-get", "indextargets", "--format", "$(SITE)", "Created-By: Packages")
    sites = _apt(argv, Path("/"), environment).stdout.split()
    for site in sites:
        if site.startswith(("http://", "https://")) and site.rstrip("/").endswith("/debian"):
            return site
    raise EngineError(
        "the apt sources of this machine name no Debian mirror",
        f"name one: {MIRROR_VARIABLE}=http://…/debian",
    )


def _keyring() -> Path:
    for keyring in KEYRINGS:
        if keyring.is_file():
            return keyring
    raise EngineError(
        "Debian's archive keys are missing, so its packages cannot be checked",
        "install the package debian-archive-keyring",
    )


def _apt(argv: tuple[str, ...], directory: Path, environment: Mapping[str, str]) -> Completed:
    kept = {name: value for name, value in environment.items() if name.lower().endswith("_proxy")}
    path = environment.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
    env = {"PATH": path, "LC_ALL": "C", "DEBIAN_FRONTEND": "noninteractive", **kept}
    return run(Command(argv=argv, env=env, cwd=directory), timeout_s=DOWNLOAD_LIMIT_S)


def _check(completed: Completed, suite: str) -> Completed:
    if completed.ok:
        return completed
    details = last_lines(completed.stderr)
    if NO_SPACE in details:
        raise EngineError(
            f"no space left while downloading the engine's packages from Debian {suite}",
            "free about 1 GB, or point XDG_CACHE_HOME to another disk",
            details,
        )
    raise EngineError(
        f"the engine's packages cannot be downloaded from Debian {suite}",
        f"check the network, or name a mirror that answers: {MIRROR_VARIABLE}=http://…/debian",
        details,
    )
