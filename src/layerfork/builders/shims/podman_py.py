"""Builds with podman-py. The contract is in layerfork.builders.clients.shim."""

import json
import os
import sys

from podman import PodmanClient


def main():
    request = json.loads(sys.argv[1])
    # Without a Dockerfile's name podman-py makes up one that the service does not find.
    options = {"tag": request["tag"], "dockerfile": request["dockerfile"] or "Dockerfile", "rm": True}
    names = (
        ("build_args", "buildargs"),
        ("labels", "labels"),
        ("target", "target"),
        ("platform", "platform"),
        ("no_cache", "nocache"),
    )
    options.update((parameter, request[key]) for key, parameter in names if request[key])
    with PodmanClient(base_url=os.environ["DOCKER_HOST"], timeout=3600) as client:
        if not request["tar"]:
            show(client.images.build(path=request["context"], **options))
            return
        with open(request["context"], "rb") as tar:  # noqa: PTH123 - pathlib only costs start-up time here
            show(client.images.build(fileobj=tar, custom_context=True, **options))


def show(built):
    """Print the log of a build that has ended."""
    for line in built[1]:
        message = json.loads(line)
        sys.stdout.write(message.get("stream", ""))


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
