"""Builds with testcontainers-python's DockerImage. The contract is in layerfork.builders.clients.shim."""

import json
import sys

from testcontainers.core.image import DockerImage


def main():
    request = json.loads(sys.argv[1])
    names = (
        ("dockerfile", "dockerfile_path"),
        ("build_args", "buildargs"),
        ("labels", "labels"),
        ("target", "target"),
        ("platform", "platform"),
    )
    options = {parameter: request[key] for key, parameter in names if request[key]}
    image = DockerImage(
        path=request["context"],
        tag=request["tag"],
        clean_up=False,
        no_cache=request["no_cache"],
        rm=True,
        forcerm=True,
        **options,
    )
    for message in image.build().get_logs():
        sys.stdout.write(message.get("stream", ""))


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
