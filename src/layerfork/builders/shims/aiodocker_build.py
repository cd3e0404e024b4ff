"""Builds with aiodocker from a tar. The contract is in layerfork.builders.clients.shim."""

import asyncio
import json
import os
import sys

import aiodocker


async def main():
    request = json.loads(sys.argv[1])
    options = {"tag": request["tag"], "nocache": request["no_cache"], "forcerm": True}
    names = (
        ("dockerfile", "path_dockerfile"),
        ("build_args", "buildargs"),
        ("labels", "labels"),
        ("platform", "platform"),
    )
    options.update((parameter, request[key]) for key, parameter in names if request[key])
    async with aiodocker.Docker(url=os.environ["DOCKER_HOST"]) as docker:
        with open(request["context"], "rb") as tar:  # noqa: PTH123 - the library wants a plain file
            lines = docker.images.build(
                fileobj=tar, encoding="identity", stream=True, timeout=3600, **options
            )
            async for message in lines:
                if "error" in message:
                    raise RuntimeError(message["error"])
                sys.stdout.write(message.get("stream", ""))
                sys.stdout.flush()


if __name__ == "__main__":
    try:
        asyncio.run(main())
    except Exception as error:
        sys.exit(f"{type(error).__name__}: {' '.join(str(error).split())}")
