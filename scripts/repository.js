"use strict";

/**
 * Returns the fields of package.json that name the repository, from the environment of a workflow on
 * GitHub. npm's provenance compares `repository` with where the package was built, and npm's page of the
 * package resolves the links of README.md by it.
 */
function repositoryFields({ GITHUB_REPOSITORY: name }) {
  if (name === undefined) return {};
  const address = `https://github.com/${name}`;
  return {
    repository: { type: "git", url: `git+${address}.git` },
    homepage: `${address}#readme`,
    bugs: { url: `${address}/issues` },
  };
}

module.exports = { repositoryFields };
