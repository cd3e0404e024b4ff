// Builds with Docker's SDK for Node from a tar. The contract is in layerfork.clients.shim.
"use strict";
const fs = require("fs");
const { Readable } = require("stream");
const { DockerClient } = require("@docker/node-sdk");

async function main() {
  const request = JSON.parse(process.argv[2]);
  const options = { tag: request.tag, nocache: request.no_cache, forcerm: true };
  if (request.dockerfile) options.dockerfile = request.dockerfile;
  if (request.target) options.target = request.target;
  if (request.platform) options.platform = request.platform;
  if (Object.keys(request.build_args).length) options.buildargs = JSON.stringify(request.build_args);
  if (Object.keys(request.labels).length) options.labels = JSON.stringify(request.labels);
  if (!request.buildkit) options.version = "1";
  const docker = await DockerClient.fromDockerHost(process.env.DOCKER_HOST);
  const tar = Readable.toWeb(fs.createReadStream(request.context));
  for await (const message of docker.imageBuild(tar, options).messages()) {
    if (message.errorDetail) throw new Error(message.errorDetail.message);
    process.stdout.write(message.stream || "");
  }
  await docker.close();
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${String(error.message).split(/\s+/).join(" ")}\n`);
  process.exit(1);
});
