// Builds with dockerode-compose's up(), which ends where the image is built: no container is made of it, and no network,
// which some engines refuse to make twice.
// The contract is in layerfork.clients.libraries.shim.
"use strict";
const fs = require("fs");
const path = require("path");
const Docker = require("dockerode");
const DockerodeCompose = require("dockerode-compose");

class ImageIsBuilt extends Error {}

class BuildingDocker extends Docker {
  async createNetwork() {
    return this.getNetwork("");
  }

  async createContainer() {
    throw new ImageIsBuilt();
  }
}

async function main() {
  const request = JSON.parse(process.argv[2]);
  // It takes the context's path as relative to the file, even an absolute one.
  const build = { context: path.relative(process.cwd(), request.context) };
  if (request.target) build.target = request.target;
  if (Object.keys(request.build_args).length) build.args = request.build_args;
  if (Object.keys(request.labels).length) build.labels = request.labels;
  const file = path.resolve("docker-compose.json");
  fs.writeFileSync(file, JSON.stringify({ services: { image: { image: request.tag, build } } }));
  const docker = new BuildingDocker();
  try {
    await new DockerodeCompose(docker, file, "layerfork").up({ verbose: true });
  } catch (error) {
    if (!(error instanceof ImageIsBuilt)) throw error;
  }
  // It takes a failed build for a good one.
  await docker.getImage(request.tag).inspect();
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${String(error.message).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
