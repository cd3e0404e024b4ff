// Builds with dolphin of npm, hence the docker CLI. The contract is in layerfork.clients.libraries.shim.
"use strict";
const Dolphin = require("dolphin");

async function main() {
  const request = JSON.parse(process.argv[2]);
  const colon = request.tag.lastIndexOf(":");
  const params = { Labels: request.labels, buildargs: request.build_args };
  const [name, version] = [request.tag.slice(0, colon), request.tag.slice(colon + 1)];
  const image = await new Dolphin().images.build(request.context, name, [version], params);
  process.stdout.write(`${image.Id}\n`);
}

main().catch((error) => {
  process.stderr.write(`Error: ${String(error.message || error).split(/\s+/).join(" ")}\n`);
  process.exitCode = 1;
});
