"use strict";

// A local npm registry, for packages that are not published yet.

const { createHash } = require("node:crypto");
const { once } = require("node:events");
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");

/**
 * Serves one version of each package: `{ manifest, tarball }`. `tarball` is the path of a file, or undefined
 * if the package must not be downloaded. `requests` lists the paths that clients have requested.
 */
async function serveRegistry(packages) {
  const documents = new Map();
  const tarballs = new Map();
  const requests = [];
  const server = http.createServer((request, response) => {
    const url = decodeURIComponent(request.url);
    requests.push(url);
    const body = tarballs.get(url) ?? documents.get(url.slice(1));
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = `http://127.0.0.1:${server.address().port}`;

  for (const { manifest, tarball } of packages) {
    const { name, version } = manifest;
    const file = `/-/${tarball === undefined ? `${name}-${version}.tgz` : path.basename(tarball)}`;
    const dist = { tarball: address + file };
    if (tarball !== undefined) {
      const bytes = fs.readFileSync(tarball);
      tarballs.set(file, bytes);
      dist.integrity = `sha512-${createHash("sha512").update(bytes).digest("base64")}`;
    }
    const versions = { [version]: { ...manifest, dist } };
    documents.set(name, JSON.stringify({ name, "dist-tags": { latest: version }, versions }));
  }
  return { address, requests, close: () => server.close() };
}

module.exports = { serveRegistry };
