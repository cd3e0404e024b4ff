// Builds with dockerode. The contract is in layerfork.clients.shim.
"use strict";
const fs = require("fs");
const Docker = require("dockerode");

function contextOf(request) {
  switch (request.options.call) {
    case "src":
      return { context: request.context, src: fs.readdirSync(request.context) };
    case "tar-fs":
      return require("tar-fs").pack(request.context);
    default:
      return fs.createReadStream(request.context);
  }
}

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
  const stream = await docker.buildImage(contextOf(request), options);
  const messages = await new Promise((resolve, reject) =>
    docker.modem.followProgress(
      stream,
      (error, output) => (error ? reject(error) : resolve(output)),
      (message) => process.stdout.write(message.stream || ""),
    ),
  );
  const failed = messages.find((message) => message.error);
  if (failed) throw new Error(failed.error);
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${String(error.message).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
