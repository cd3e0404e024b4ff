// Builds with docker-compose of npm, hence docker compose, from the compose.yaml of the working directory.
// The contract is in layerfork.clients.libraries.shim.
"use strict";
const compose = require("docker-compose");

async function main() {
  const request = JSON.parse(process.argv[2]);
  await compose.buildAll({
    cwd: process.cwd(),
    config: "compose.yaml",
    composeOptions: [["--project-name", request.options.project]],
    commandOptions: request.no_cache ? ["--no-cache"] : [],
    callback: (chunk, source) => process[source].write(chunk),
  });
}

main().catch((error) => {
  const text = error.err || error.message || String(error);
  process.stderr.write(`Error: ${String(text).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
