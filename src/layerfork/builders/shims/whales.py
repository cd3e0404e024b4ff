"""Builds with python-on-whales, hence the docker CLI. The contract is in layerfork.builders.clients.shim."""

import json
import os
import sys

from python_on_whales import DockerClient


def main():
    request = json.loads(sys.argv[1])
    client = DockerClient(host=os.environ["DOCKER_HOST"])
    options = {"tags": request["tag"], "cache": not request["no_cache"]}
    names = (("build_args", "build_args"), ("labels", "labels"), ("target", "target"))
    options.update((parameter, request[key]) for key, parameter in names if request[key])
    if request["dockerfile"]:
        options["file"] = os.path.join(request["context"], request["dockerfile"])  # noqa: PTH118
    if request["options"]["call"] == "legacy_build":
        # Its default is to be quiet, but then the classic builder does not say what it reuses. Otherwise
        # it looks for the classic builder's last line, and BuildKit has none.
        client.legacy_build(request["context"], quiet=request["buildkit"], **options)
        return
    if request["platform"]:
        options["platforms"] = [request["platform"]]
    client.buildx.build(request["context"], progress="plain", **options)


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
