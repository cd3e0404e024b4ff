"""How a private engine's containerd and dockerd are started."""

import json

from layerfork.builders.namespace.launch import INSIDE, Daemon, Startup
from layerfork.builders.namespace.rundirs import SOCKET_NAME

STORAGE_DRIVERS = {"graphdriver": "overlay2", "containerd": "overlayfs"}
"""The only driver for each image store: dockerd must not fall back to another without a word."""
CACHE_LIMIT = "1GB"
CONTAINERD_SOCKET = "/run/containerd.sock"

_CONTAINERD = f"""\
version = 2
root = "{INSIDE}/data/containerd/daemon"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt", "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs",
]
[grpc]
  address = "{CONTAINERD_SOCKET}"
[debug]
  level = "warn"
"""


def docker_startup(store: str, name: str, *, bounded: bool = False) -> Startup:
    """containerd, and a dockerd that uses it, for an image store and the name of the engine's cgroup.

    ``bounded``: BuildKit removes what it has not used for long when its cache grows. An experiment's stays.
    """
    collection = {"enabled": True, "defaultKeepStorage": CACHE_LIMIT} if bounded else {"enabled": False}
    settings = {
        "features": {"containerd-snapshotter": store == "containerd"},
        "storage-driver": STORAGE_DRIVERS[store],
        "builder": {"gc": collection},
    }
    dockerd = (
        f"--containerd={CONTAINERD_SOCKET}",
        f"--config-file={INSIDE}/daemon.json",
        f"--data-root={INSIDE}/data",
        "--exec-root=/run/docker",
        "--pidfile=/run/docker.pid",
        f"--host=unix://{INSIDE}/{SOCKET_NAME}",
        "--group=0",
        "--iptables=false",
        "--exec-opt=native.cgroupdriver=cgroupfs",
        f"--cgroup-parent=/{name}",
    )
    containerd = (f"--config={INSIDE}/containerd.toml",)
    return Startup(
        daemons=(
            Daemon(socket=CONTAINERD_SOCKET, program="bin/containerd", arguments=containerd),
            Daemon(socket=f"{INSIDE}/{SOCKET_NAME}", program="sbin/dockerd", arguments=dockerd),
        ),
        files=(("containerd.toml", _CONTAINERD), ("daemon.json", json.dumps(settings))),
    )
