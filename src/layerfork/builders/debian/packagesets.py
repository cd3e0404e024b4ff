"""Debian packages by what they are for. A generation of an engine is made of several of these sets."""

DOCKER = ("docker.io", "containerd", "runc", "libc6", "libseccomp2", "libsystemd0", "libcap2")
"""In every generation: the daemons and the libraries they link. What `docker run --init` starts is of another
package in some suites."""
OLD_DOCKER_LIBRARIES = (
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
DOCKER_CLIENTS = ("docker-cli", "docker-buildx", "docker-compose")
"""Packages of their own from trixie on; before, docker.io held the CLI and there was no buildx."""

PODMAN = ("podman", "buildah", "runc", "conmon")
PODMAN_LIBRARIES = (
    "libc6", "libgcc-s1", "libgpg-error0", "libseccomp2", "libsystemd0", "libcap2", "libpcre2-8-0",
    "libselinux1",
)  # fmt: skip
"""What the programs link in every suite."""
SHADOW_LIBRARIES = (
    "libaudit1", "libcap-ng0", "libbz2-1.0", "libcrypt1", "libpam0g", "libsemanage2", "libsepol2",
)  # fmt: skip
"""What libsubid links."""
NEW_SHADOW_LIBRARIES = (*SHADOW_LIBRARIES, "libbsd0", "libmd0", "libacl1")
