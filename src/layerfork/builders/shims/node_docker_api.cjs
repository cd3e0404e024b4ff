// Builds with node-docker-api and tar-fs, as its README does. The contract is in layerfork.clients.libraries.shim.
"use strict";
const { Docker } = require("node-docker-api");
const tar = require("tar-fs");

async function main() {
  const request = JSON.parse(process.argv[2]);
  const options = { t: request.tag, nocache: request.no_cache, forcerm: true };
  if (request.dockerfile) options.dockerfile = request.dockerfile;
  if (request.target) options.target = request.target;
  if (request.platform) options.platform = request.platform;
  if (Object.keys(request.build_args).length) options.buildargs = request.build_args;
  if (Object.keys(request.labels).length) options.labels = request.labels;
  if (request.buildkit) options.version = "2";
  const docker = new Docker();
  const stream = await docker.image.build(tar.pack(request.context), options);
  let rest = "";
  for await (const chunk of stream.setEncoding("utf8")) {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop();
    for (const message of lines.filter((line) => line.trim()).map((line) => JSON.parse(line))) {
      if (message.error) throw new Error(message.error);
      process.stdout.write(message.stream || "");
    }
  }
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${String(error.message).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
