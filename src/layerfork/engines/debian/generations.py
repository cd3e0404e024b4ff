"""Which generations of Docker Engine and podman Debian has, and the packages that each is made of."""

from dataclasses import dataclass

SHARED = ("docker.io", "containerd", "runc", "libc6", "libseccomp2", "libsystemd0", "libcap2")
"""In every generation: the daemons and the libraries they link."""
OLD_LIBRARIES = (
    "libdevmapper1.02.1", "libselinux1", "libudev1", "libpcre2-8-0", "liblzma5", "libzstd1", "liblz4-1",
    "libgcrypt20", "libgpg-error0",
)  # fmt: skip
"""What dockerd 20.10 (devicemapper) and the libsystemd of its suites link besides."""
GIT = (
    "git", "libbrotli1", "libcom-err2", "libgmp10", "libgssapi-krb5-2", "libidn2-0", "libk5crypto3",
    "libkeyutils1", "libkrb5-3", "libkrb5support0", "libnghttp2-14", "libp11-kit0", "libsasl2-2",
    "libtasn1-6", "zlib1g", "busybox-static",
)  # fmt: skip
"""BuildKit clones a git context in the engine: git, what it and its HTTP helper link in every suite, and a
shell for its submodules."""
OLD_GIT = (
    *GIT, "libcurl3-gnutls", "libgnutls30", "libhogweed6", "libnettle8", "libpsl5", "librtmp1", "libssh2-1",
    "libunistring2",
)  # fmt: skip
NEW_GIT = (
    *GIT, "libgnutls30t64", "libhogweed6t64", "libldap2", "libnettle8t64", "libnghttp3-9", "libngtcp2-16",
    "libngtcp2-crypto-gnutls8", "libpsl5t64", "libssh2-1t64", "libunistring5", "libffi8", "libssl3t64",
    "libpcre2-8-0", "libzstd1",
)  # fmt: skip
SHELL_LINKS = tuple(
    (f"bin/{name}", "busybox")
    for name in ("sh", "basename", "cat", "cut", "dirname", "expr", "grep", "sed", "tr", "uname")
)
"""Programs of git's scripts. ``git submodule``, which BuildKit runs after each clone, is one.
Source: moby/buildkit source/git/source.go (Snapshot) @ v0.8 to v0.26; git git-submodule.sh, git-sh-setup.sh
@ v2.30 to v2.53."""
CLIENTS = ("docker-cli", "docker-buildx", "docker-compose")
"""Packages of their own from trixie on; before, docker.io held the CLI and there was no buildx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Generation:
    """One generation of an engine, as one Debian suite ships it."""

    title: str = "Docker Engine"
    """What it is a generation of, for people."""
    name: str
    """What a person calls it: ``26.1``."""
    suite: str
    """Debian suite by code name."""
    package: str = "docker.io"
    """The package that its version is read from."""
    version: str
    """Start of that package's upstream version. A suite that moved on is an error, not another engine."""
    packages: tuple[str, ...]
    programs: tuple[str, ...] = (
        "sbin/dockerd",
        "bin/containerd",
        "bin/docker",
        "sbin/runc",
        "bin/git",
        "bin/busybox",
    )
    """Without these below ``usr`` it is not complete."""
    links: tuple[tuple[str, str], ...] = ()
    """Links below ``usr`` and their targets that a package's script would have made."""
    api: tuple[str, str] = ("", "")
    """Oldest and newest version of the Docker API that it speaks."""
    image_stores: tuple[str, ...] = ("graphdriver",)
    """``graphdriver``, and ``containerd`` where the daemon obeys ``features.containerd-snapshotter``."""


GENERATIONS = (
    Generation(
        name="26.1",
        suite="trixie",
        version="26.1.",
        packages=(*SHARED, *CLIENTS, *NEW_GIT, "libcurl3t64-gnutls", "librtmp1"),
        links=SHELL_LINKS,
        api=("1.24", "1.45"),
        image_stores=("graphdriver", "containerd"),
    ),
    Generation(
        name="20.10.5",
        suite="bullseye",
        version="20.10.5",
        packages=(*SHARED, *OLD_LIBRARIES, *OLD_GIT, "libffi7", "libldap-2.4-2"),
        links=SHELL_LINKS,
        api=("1.12", "1.41"),
    ),
    Generation(
        name="20.10",
        suite="bookworm",
        version="20.10.",
        packages=(*SHARED, *OLD_LIBRARIES, *OLD_GIT, "libffi8", "libldap-2.5-0", "libssl3"),
        links=SHELL_LINKS,
        api=("1.12", "1.41"),
    ),
    Generation(
        name="28.5",
        suite="forky",
        version="28.5.",
        packages=(*SHARED, *CLIENTS, *NEW_GIT, "libcurl4-gnutls"),
        links=SHELL_LINKS,
        api=("1.24", "1.51"),
        image_stores=("graphdriver", "containerd"),
    ),
)
"""The first is the default."""

PODMAN = ("podman", "buildah", "runc", "conmon")
PODMAN_LIBRARIES = (
    "libc6", "libgcc-s1", "libgpg-error0", "libseccomp2", "libsystemd0", "libcap2", "libpcre2-8-0",
    "libselinux1",
)  # fmt: skip
"""What the programs link in every suite."""
SHADOW_LIBRARIES = (
    "libaudit1",
    "libcap-ng0",
    "libbz2-1.0",
    "libcrypt1",
    "libpam0g",
    "libsemanage2",
    "libsepol2",
)
"""What libsubid links."""
NEW_SHADOW_LIBRARIES = (*SHADOW_LIBRARIES, "libbsd0", "libmd0", "libacl1")
PODMAN_PROGRAMS = ("bin/podman", "bin/buildah", "bin/conmon", "sbin/runc")


OSTREE_LIBRARIES = (
    "libostree-1-1", "libarchive13", "libavahi-client3", "libavahi-common3", "libavahi-glib1", "libblkid1",
    "libbrotli1", "libcom-err2", "libdbus-1-3", "libffi7", "libgssapi-krb5-2", "libicu67", "libidn2-0",
    "libk5crypto3", "libkeyutils1", "libkrb5-3", "libkrb5support0", "libmount1", "libnettle8", "libpcre3",
    "libpsl5", "libsoup2.4-1", "libsqlite3-0", "libstdc++6", "libunistring2", "libxml2", "zlib1g", "libacl1",
)  # fmt: skip
"""What buildah 1.19 links."""
FIREWALL = (
    "iptables", "libip4tc2", "libip6tc2", "libxtables12", "libmnl0", "libnfnetlink0",
    "libnetfilter-conntrack3", "libnftnl11",
)  # fmt: skip
"""podman 3.0 wants its programs to exist, even for a build without a network."""
IPTABLES = "xtables-nft-multi"


def _podman(
    name: str, suite: str, newest_api: str, *libraries: str, links: tuple[tuple[str, str], ...] = ()
) -> Generation:
    return Generation(
        title="podman",
        name=name,
        suite=suite,
        package="podman",
        version=f"{name}.",
        packages=(*PODMAN, *PODMAN_LIBRARIES, *libraries),
        programs=PODMAN_PROGRAMS,
        links=links,
        api=("1.24", newest_api),
    )


PODMAN_GENERATIONS = (
    _podman(
        "5.4",
        "trixie",
        "1.41",
        *("netavark", "libgpgme11t64", "libassuan9", "libsqlite3-0", "libglib2.0-0t64", "libatomic1"),
        *("libsubid5", *NEW_SHADOW_LIBRARIES, "libattr1"),
    ),
    _podman(
        "4.3",
        "bookworm",
        "1.41",
        *("netavark", "libgpgme11", "libassuan0", "libdevmapper1.02.1", "libudev1", "libglib2.0-0"),
        *("libgcrypt20", "liblz4-1", "liblzma5", "libzstd1", "libsubid4", *SHADOW_LIBRARIES),
    ),
    _podman(
        "5.8",
        "forky",
        "1.44",
        *("netavark", "libgpgme45", "libassuan9", "libsqlite3-0", "libglib2.0-0t64", "libatomic1"),
        *("libsubid6", *NEW_SHADOW_LIBRARIES),
    ),
    _podman(
        "3.0",
        "bullseye",
        "1.40",
        *("libgpgme11", "libassuan0", "libdevmapper1.02.1", "libudev1", "libglib2.0-0", "libgcrypt20"),
        *("liblz4-1", "liblzma5", "libzstd1", "libbz2-1.0", "util-linux", *OSTREE_LIBRARIES, *FIREWALL),
        links=(("sbin/iptables", IPTABLES), ("sbin/ip6tables", IPTABLES)),
    ),
)
"""The first is the default."""

REGISTRY = Generation(
    title="docker-registry",
    name="2.8",
    suite="trixie",
    package="docker-registry",
    version="2.8.",
    packages=("docker-registry", "libc6"),
    programs=("bin/docker-registry",),
)
