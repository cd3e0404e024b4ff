// Builds with testcontainers for Node. The contract is in layerfork.clients.shim.
"use strict";
// Its builder shows progress only as debug messages. The reaper is a container that no build needs.
process.env.DEBUG = "testcontainers:build";
process.env.TESTCONTAINERS_RYUK_DISABLED = "true";
const { GenericContainer } = require("testcontainers");

async function main() {
  const request = JSON.parse(process.argv[2]);
  const builder = GenericContainer.fromDockerfile(request.context, request.dockerfile || "Dockerfile");
  builder.withCache(!request.no_cache).withBuildArgs(request.build_args);
  if (request.target) builder.withTarget(request.target);
  if (request.platform) builder.withPlatform(request.platform);
  if (request.buildkit) builder.withBuildkit();
  await builder.build(request.tag, { deleteOnExit: false });
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${String(error.message).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
