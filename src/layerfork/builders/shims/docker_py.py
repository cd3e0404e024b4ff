"""Builds with docker-py, any since 1.6. The contract is in layerfork.builders.clients.shim."""

import json
import os
import sys

import docker

# docker-py before 2.0 calls the low-level client `Client`.
APIClient = getattr(docker, "APIClient", None) or docker.Client
MAJOR = int(docker.__version__.split(".")[0])


def main():
    request = json.loads(sys.argv[1])
    client_options = {"base_url": os.environ["DOCKER_HOST"], "timeout": 3600}
    if "api_version" in request["options"]:
        client_options["version"] = request["options"]["api_version"]
    client = APIClient(**client_options)
    if not request["tar"]:
        follow(client.build(path=request["context"], **build_options(request)))
        return
    with open(request["context"], "rb") as tar:  # noqa: PTH123 - pathlib only costs start-up time here
        follow(client.build(fileobj=tar, custom_context=True, **build_options(request)))


def follow(lines):
    """Show the build's progress until it ends; docker-py decodes it, but not an answer that is no stream."""
    for line in lines:
        message = line if isinstance(line, dict) else json.loads(line)
        if "error" in message:
            raise RuntimeError(message["error"])
        sys.stdout.write(message.get("stream", ""))
        sys.stdout.flush()


def build_options(request):
    """Arguments of build(); what the request leaves empty is left to the library."""
    options = {"tag": request["tag"], "rm": True, "forcerm": True, "decode": True}
    if MAJOR < 3:
        options["stream"] = True
    names = (
        ("dockerfile", "dockerfile"),
        ("build_args", "buildargs"),
        ("labels", "labels"),
        ("target", "target"),
        ("platform", "platform"),
        ("no_cache", "nocache"),
    )
    options.update((parameter, request[key]) for key, parameter in names if request[key])
    if request["cache_from"]:
        options["cache_from"] = [request["cache_from"]]
    return options


if __name__ == "__main__":
    try:
        main()
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
