"use strict";

// Provokes every code that index.d.ts documents, and compares the documented codes with those in the sources.

const { spawnSync } = require("node:child_process");
const fs = require("node:fs");
const path = require("node:path");

const { Memory, Snapshot, features } = require("..");
const { call } = require("../lib/addon/errors");
const { hasResizable } = require("../lib/engine/memory");
const native = require("../native");
const { useFiles } = require("./support/files");
const { run } = require("./support/run-fixture");
const { thrownBy } = require("./support/thrown");

const PAGE = 65_536;
const PREFIX = "ERR_LINEAR_MEMORY_";
const root = path.join(__dirname, "..");

const { directory, newFile, removeFiles } = useFiles();
afterAll(removeFiles);

const isLinux = process.platform === "linux";

/** Runs a program in a process of its own. Returns the name and the code of the error that it throws. */
function thrownInProcess(program, { flags = [], ulimit = "", env = {} } = {}) {
  const script = `try { ${program} } catch ({ name, code }) { console.log(JSON.stringify({ name, code })); }`;
  const shell = `${ulimit && `ulimit ${ulimit} && `}exec "$0" "$@"`;
  const { stdout, stderr } = spawnSync(
    "sh",
    ["-c", shell, process.execPath, ...flags, "-e", script],
    {
      cwd: root,
      env: { ...process.env, ...env },
      encoding: "utf8",
    },
  );
  if (stdout === "") throw new Error(`nothing was thrown\n${stderr}`);
  return JSON.parse(stdout);
}

const create = (options = {}) => new Memory({ initial: 1, maximum: 4, ...options });
const createShared = () => create({ shared: true });
const openWritten = () => Memory.open(newFile(), { mode: "w+", initial: 1 });

/** Saves a snapshot, changes its bytes, and opens it. */
function openChanged(change) {
  const file = newFile();
  create().snapshot().save(file);
  fs.writeFileSync(file, change(fs.readFileSync(file)));
  return Snapshot.open(file);
}

async function restoreDuringWait() {
  const memory = createShared();
  const snapshot = memory.snapshot();
  const outcome = memory.wait(0, 0);
  try {
    memory.restore(snapshot);
  } finally {
    while (memory.notify(0) === 0) await new Promise(setImmediate);
    await outcome;
  }
}

/** Creates a memory on an engine whose buffers can have one page. */
function exceedEngine() {
  jest.isolateModules(() => {
    const node = jest.requireActual("../lib/built-ins/node");
    jest.doMock("../lib/built-ins/node", () => ({ ...node, BUFFER_LIMIT: PAGE }));
    const { Memory: Limited } = require("..");
    jest.dontMock("../lib/built-ins/node");
    new Limited({ initial: 2 });
  });
}

/** Makes the addon fail as it does on Windows, where system errors have no Node.js codes. */
function failWithoutErrno() {
  const error = { code: `${PREFIX}SYSTEM`, isTypeError: false, errno: null };
  call("Memory.usage()", () => {
    throw Object.assign(new Error("refused"), error);
  });
}

async function loseAddon() {
  fs.copyFileSync(path.join(root, "native.js"), path.join(directory, "native.js"));
  return thrownInProcess(`require(${JSON.stringify(path.join(directory, "native.js"))})`);
}

async function meetOtherCopy() {
  const addon = path.join(directory, "addon.js");
  const copy = `{ path: "other.node", isCompatible: false }`;
  fs.writeFileSync(addon, `exports.firstCopy = () => (${copy});`);
  return thrownInProcess(`require(".")`, { env: { LINEAR_MEMORY_ADDON: addon } });
}

async function truncate() {
  const file = JSON.stringify(newFile());
  return thrownInProcess(`
    const { Memory } = require(".");
    const memory = Memory.open(${file}, { mode: "w+", initial: 1 });
    require("node:fs").truncateSync(${file}, 0);
    new Uint8Array(memory.buffer)[0];
    memory.flushSync();`);
}

async function moveAway() {
  const noHandler = "--disable-wasm-trap-handler";
  const flags = process.allowedNodeEnvironmentFlags.has(noHandler) ? [noHandler] : [];
  const args = [newFile(), PAGE, "unchecked"];
  const { errors } = await run("grow-file-in-engine.js", { args, flags, ulimit: "-v 2000000" });
  return errors[0];
}

async function linkAsmHeap() {
  const { outcomes } = await run("detach-asm-heap.js");
  return outcomes.find(({ kind, member }) => kind === "reserved" && member === "close()").error;
}

/**
 * The codes without their prefix: the class, and what provokes the error. It is thrown, or returned by a
 * process. A condition says where the code can be provoked at all.
 */
const provocations = [
  ["INVALID_ARGUMENT", "TypeError", () => new Memory()],
  ["INVALID_ARGUMENT", "SyntaxError", () => new Memory({ address: "i64", initial: "x" })],
  ["INVALID_ARGUMENT", "TypeError", () => Memory.from({})],
  ["INVALID_ARGUMENT", "TypeError", () => createShared().notify("0")],
  ["INVALID_ARGUMENT", "TypeError", () => Memory.open({})],
  ["INVALID_RECEIVER", "TypeError", () => Memory.prototype.grow.call({}, 1)],
  ["INVALID_RECEIVER", "TypeError", () => Snapshot.prototype.save.call({})],
  ["ILLEGAL_CONSTRUCTOR", "TypeError", () => new Snapshot()],
  ["OUT_OF_RANGE", "RangeError", () => new Memory({ initial: 2, maximum: 1 })],
  ["OUT_OF_RANGE", "RangeError", () => create().discard(0, 2 * PAGE)],
  ["MAXIMUM_EXCEEDED", "RangeError", () => create().grow(4)],
  ["ENGINE_LIMIT_EXCEEDED", "RangeError", exceedEngine],
  [
    "OUT_OF_MEMORY",
    "RangeError",
    () =>
      thrownInProcess(`new (require(".").Memory)({ initial: 60_000 })`, { ulimit: "-v 3000000" }),
    isLinux,
  ],
  [
    "NOT_SUPPORTED",
    "TypeError",
    () => new Memory({ initial: 1, maximum: 1, shared: true }, { hugePages: true }),
  ],
  ["NOT_SHARED", "TypeError", () => create().share()],
  ["NOT_SHARED", "TypeError", () => create().wait(0, 0)],
  ["NO_MAXIMUM", "TypeError", () => new Memory({ initial: 1 }).toResizableBuffer()],
  ["NOT_FILE_BACKED", "TypeError", () => create().flushSync()],
  ["NOT_FILE_BACKED", "TypeError", () => create().flush()],
  ["FILE_BACKED", "TypeError", () => openWritten().discard(0, PAGE), features.mappedFiles],
  ["NOT_DETACHABLE", "TypeError", linkAsmHeap, features.handoff === "v8"],
  [
    "CLOSED",
    "TypeError",
    () => {
      const memory = create();
      memory.close();
      memory.grow(1);
    },
  ],
  [
    "GONE",
    "TypeError",
    () => Memory.from({ ...createShared().share(), file: { id: 9e9, path: "x" } }),
  ],
  ["PENDING_WAITS", "TypeError", restoreDuringWait, features.waits],
  ["SNAPSHOT_TOO_LONG", "RangeError", () => create().restore(create({ initial: 2 }).snapshot())],
  ["NOT_A_SNAPSHOT", "TypeError", () => openChanged(() => "a text")],
  [
    "SNAPSHOT_VERSION",
    "TypeError",
    () =>
      openChanged((bytes) => {
        bytes.writeUInt32LE(2, 8);
        return bytes;
      }),
  ],
  ["SNAPSHOT_DAMAGED", "TypeError", () => openChanged((bytes) => bytes.subarray(0, -1))],
  ["FILE_TRUNCATED", "RangeError", truncate, features.mappedFiles],
  ["FILE_DISCONNECTED", "RangeError", moveAway, isLinux],
  [
    "FROZEN",
    "TypeError",
    () => thrownInProcess(`Object.freeze(require(".").Memory.prototype); require("./register")`),
    !hasResizable,
  ],
  ["SYSTEM", "RangeError", failWithoutErrno],
  ["INTERNAL", "RangeError", () => call("Memory", () => native.create("one", 1, false, false))],
  ["ADDON_NOT_FOUND", "Error", loseAddon],
  ["INCOMPATIBLE_COPY", "Error", meetOtherCopy],
  ["NO_WEBASSEMBLY", "Error", () => thrownInProcess(`require(".")`, { flags: ["--jitless"] })],
];

const possible = provocations.filter(([, , , isPossible = true]) => isPossible);

test.each(possible)("%s is the code of a %s", async (code, name, provoke) => {
  let error;
  try {
    error = await provoke();
  } catch (thrown) {
    error = thrown;
  }
  expect({ name: error?.name, code: error?.code }).toEqual({ name, code: PREFIX + code });
  if (error instanceof Error) expect(Object.hasOwn(error, "code")).toBe(true);
});

/** The codes in files, each once and sorted. */
function codesIn(files) {
  const text = files.map((file) => fs.readFileSync(path.join(root, file), "utf8")).join("\n");
  return [...new Set(text.match(/ERR_LINEAR_MEMORY_[A-Z_]*[A-Z]/g))].sort();
}

function filesIn(folder, extension) {
  return fs
    .readdirSync(path.join(root, folder), { recursive: true })
    .filter((file) => file.endsWith(extension))
    .map((file) => path.join(folder, file));
}

const documented = codesIn(["index.d.ts"]);

test("every documented code is provoked above", () => {
  const provoked = new Set(provocations.map(([code]) => PREFIX + code));
  expect([...provoked].sort()).toEqual(documented);
});

test("the documented codes are those in the sources", () => {
  expect(codesIn(["native.js", ...filesIn("lib", ".js"), ...filesIn("src", ".rs")])).toEqual(
    documented,
  );
});

test("system errors have Node's own code and errno", () => {
  const file = path.join(directory, "absent", "snapshot");
  const error = thrownBy(() => create().snapshot().save(file));
  expect(error).toMatchObject({ name: "RangeError", code: "ENOENT" });
  expect(error.errno).toBe(thrownBy(() => fs.openSync(file)).errno);
  expect(error.cause.message).toBe(error.message.replace(`Snapshot.save(): ${file}: `, ""));
});

test("setters on the prototypes of errors do not intercept a code", () => {
  const setter = { set() {}, configurable: true };
  for (const key of ["code", "errno", "isTypeError"]) {
    Object.defineProperty(Error.prototype, key, setter);
  }
  try {
    expect(
      Object.hasOwn(
        thrownBy(() => create().grow(4)),
        "code",
      ),
    ).toBe(true);
    const error = thrownBy(() => create().restore(create({ initial: 2 }).snapshot()));
    expect(error.code).toBe(`${PREFIX}SNAPSHOT_TOO_LONG`);
  } finally {
    for (const key of ["code", "errno", "isTypeError"]) delete Error.prototype[key];
  }
});

test("errors that the program throws pass through", () => {
  const error = new Error("of the program");
  const delta = {
    valueOf() {
      throw error;
    },
  };
  expect(thrownBy(() => create().grow(delta))).toBe(error);
});
