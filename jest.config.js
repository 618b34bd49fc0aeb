"use strict";

module.exports = {
  testMatch: ["<rootDir>/__test__/**/*.test.js"],
  modulePathIgnorePatterns: ["<rootDir>/target/"],
  testTimeout: 60_000,
};
