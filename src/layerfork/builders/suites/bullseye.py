"""Debian 11, bullseye."""

from layerfork.builders.debian.generation import Generation, Suite, podman_generation
from layerfork.builders.debian.packages import DOCKER, OLD_DOCKER_LIBRARIES, OLD_GIT, SHELL_LINKS

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

BULLSEYE = Suite(
    docker=Generation(
        name="20.10.5",
        suite="bullseye",
        version="20.10.5",
        packages=("tini", *DOCKER, *OLD_DOCKER_LIBRARIES, *OLD_GIT, "libffi7", "libldap-2.4-2"),
        links=SHELL_LINKS,
        api=("1.12", "1.41"),
    ),
    podman=podman_generation(
        "3.0",
        "bullseye",
        "1.40",
        *("libgpgme11", "libassuan0", "libdevmapper1.02.1", "libudev1", "libglib2.0-0", "libgcrypt20"),
        *("liblz4-1", "liblzma5", "libzstd1", "libbz2-1.0", "util-linux", *OSTREE_LIBRARIES, *FIREWALL),
        links=(("sbin/iptables", IPTABLES), ("sbin/ip6tables", IPTABLES)),
    ),
)
