"""How podman's service is started, and the settings that make it work anywhere without a trace."""

import json
import resource

from layerfork.builders.api.registry import ADDRESS
from layerfork.builders.namespace.launch import INSIDE, Daemon, Startup
from layerfork.builders.namespace.rundirs import SOCKET_NAME

_STORAGE = f"""\
[storage]
driver = "overlay"
graphroot = "{INSIDE}/data/storage"
runroot = "/run/containers/storage"
"""
_REGISTRIES = f"""\
unqualified-search-registries = ["docker.io"]
short-name-mode = "permissive"
[[registry]]
location = "{ADDRESS}"
insecure = true
"""
_CONTAINERS = """\
[containers]
default_ulimits = [{limits}]
cgroups = "disabled"
netns = "host"
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
image_copy_tmp_dir = "{inside}/data/tmp"
[network]
firewall_driver = "none"
"""
"""Limits: those of this process, since raising them takes a capability that root may lack. Network: the
engine's own namespace, which has loopback alone; so no bridge, no firewall and no tools for them. Runtime:
crun refuses the hybrid cgroups that many machines have.
Source: containers/common docs/containers.conf.5.md @ v0.50.1 to v0.67; containers/crun
src/libcrun/cgroup.c @ 1.21."""
_ANYTHING = {"default": [{"type": "insecureAcceptAnything"}]}


def podman_startup(name: str) -> Startup:
    """podman's service. The name is not needed: what it starts is below its own cgroup."""
    socket = f"{INSIDE}/{SOCKET_NAME}"
    limits = ", ".join(
        f'"{word}={soft}:{hard}"' for word, (soft, hard) in sorted(_limits().items()) if hard >= 0
    )
    service = ("--log-level=warn", "system", "service", "--time=0", f"unix://{socket}")
    return Startup(
        daemons=(Daemon(socket=socket, program="bin/podman", arguments=service),),
        files=(
            ("etc/containers/storage.conf", _STORAGE),
            ("etc/containers/registries.conf", _REGISTRIES),
            ("etc/containers/containers.conf", _CONTAINERS.format(limits=limits, inside=INSIDE)),
            ("etc/containers/policy.json", json.dumps(_ANYTHING)),
        ),
        shows_host=True,
        owns_cgroup=True,
    )


def _limits() -> dict[str, tuple[int, int]]:
    """Soft and hard limit by podman's names; -1 is none."""
    return {
        "nofile": resource.getrlimit(resource.RLIMIT_NOFILE),
        "nproc": resource.getrlimit(resource.RLIMIT_NPROC),
    }
