// Builds with docker-cli-js, hence the docker CLI. The contract is in layerfork.clients.libraries.shim.
"use strict";
const { Docker, Options } = require("docker-cli-js");

// It hands its command to a shell, and quotes nothing.
const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

function wordsOf(request) {
  const words = ["-t", request.tag];
  if (request.dockerfile) words.push("-f", require("path").resolve(request.context, request.dockerfile));
  if (request.target) words.push("--target", request.target);
  if (request.platform) words.push("--platform", request.platform);
  for (const [name, value] of Object.entries(request.build_args)) words.push("--build-arg", `${name}=${value}`);
  for (const [name, value] of Object.entries(request.labels)) words.push("--label", `${name}=${value}`);
  if (request.no_cache) words.push("--no-cache");
  return [...words, request.context];
}

async function main() {
  const request = JSON.parse(process.argv[2]);
  // Of the environment it passes on HOME, PATH and USER, and what it is given.
  const docker = new Docker(new Options(undefined, process.cwd(), true, process.env));
  await docker.command(`build ${wordsOf(request).map(quoted).join(" ")}`);
}

main().catch((error) => {
  process.stderr.write(`${error.name}: ${String(error.stderr || error.message).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
