// Builds with resin-docker-build's buildDir(). The contract is in layerfork.clients.libraries.shim.
"use strict";
const { Builder } = require("resin-docker-build");

// What it cannot pack keeps it waiting for nobody, and node then ends as if all were well.
process.exitCode = 1;
process.on("exit", (code) => {
  if (code === 1) process.stderr.write("Error: resin-docker-build ended before its build did\n");
});

function fail(error) {
  process.stderr.write(`${error.name}: ${String(error.message).split(/\s+/).join(" ")}\n`);
  process.exit(2);
}

async function main() {
  const request = JSON.parse(process.argv[2]);
  const options = { t: request.tag, nocache: request.no_cache, forcerm: true };
  if (request.dockerfile) options.dockerfile = request.dockerfile;
  if (request.target) options.target = request.target;
  if (request.platform) options.platform = request.platform;
  if (Object.keys(request.build_args).length) options.buildargs = request.build_args;
  if (Object.keys(request.labels).length) options.labels = request.labels;
  await Builder.fromDockerOpts({ socketPath: process.env.DOCKER_HOST.replace("unix://", "") }).buildDir(
    request.context,
    options,
    {
      buildStream: (stream) => stream.pipe(process.stdout),
      buildSuccess: () => process.exit(0),
      buildFailure: fail,
    },
    fail,
  );
}

main().catch(fail);
