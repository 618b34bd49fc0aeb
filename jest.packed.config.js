"use strict";

// Tests of the packed package: how it installs, and the tests of conformance and of pages with its files instead
// of the sources.

module.exports = {
  ...require("./jest.config"),
  testMatch: ["<rootDir>/__test__/packed/*.js", "<rootDir>/__test__/{conformance,pages}/*.test.js"],
  moduleNameMapper: { "^(\\.\\./)*\\.\\.$": "<rootDir>/target/package/main/index.js" },
};
