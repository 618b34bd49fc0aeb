"use strict";

const { readFileSync } = require("node:fs");
const { join } = require("node:path");

const { closed } = require("../../lib/stores/closed");

const source = readFileSync(join(__dirname, "../../lib/stores/store.js"), "utf8");
const members = Array.from(
  source.matchAll(/^ \* @property \{(.+)\} (\w+) /gm),
  ([, type, name]) => ({
    name,
    isMethod: type.includes("=>"),
  }),
);

// What identifies a memory, and what asks for nothing.
const USABLE = [
  "address",
  "engineMemory",
  "handle",
  "file",
  "mappedFiles",
  "unmapped",
  "mayMove",
  "isShrinkable",
  "needsHiddenClasses",
  "close",
];

const use = ({ name, isMethod }) => (isMethod ? closed[name]("member()") : closed[name]);

test("store.js states the members of stores", () => {
  expect(members.map(({ name }) => name)).toEqual(expect.arrayContaining([...USABLE, "grow"]));
});

test.each(members.filter(({ name }) => !USABLE.includes(name)))(
  "$name of the closed store throws",
  (member) => {
    expect(() => use(member)).toThrow(/^Memory\.\S+: the memory is closed$/);
  },
);

test.each(members.filter(({ name }) => USABLE.includes(name)))(
  "$name of the closed store does not throw",
  (member) => {
    expect(() => use(member)).not.toThrow();
  },
);
