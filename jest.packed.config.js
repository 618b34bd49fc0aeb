"use strict";

// What was packed: installed as users do, and by the tests of what a program sees, which otherwise are of
// the modules that it was made of.

module.exports = {
  ...require("./jest.config"),
  testMatch: ["<rootDir>/__test__/packed/*.js", "<rootDir>/__test__/{conformance,pages}/*.test.js"],
  moduleNameMapper: { "^(\\.\\./)*\\.\\.$": "<rootDir>/target/package/main/index.js" },
};
