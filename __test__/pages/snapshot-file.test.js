"use strict";

// Snapshots written to files, and read again.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");
const { pathToFileURL } = require("node:url");

const { Memory, Snapshot } = require("../..");
const native = require("../../native");
const { openFilesWithin } = require("../support/files");
const { imageTakenBy } = require("../support/proc");
const { run } = require("../support/run-fixture");
const { PAGE, stores, fill, pageValues } = require("../support/stores");
const { thrownBy } = require("../support/thrown");

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-"));
const file = path.join(folder, "snapshot");

// Whatever happens, nothing stays open, and no draft stays beside the file.
afterEach(() => {
  expect(openFilesWithin(folder)).toEqual([]);
  expect(fs.readdirSync(folder).filter((name) => name !== "snapshot")).toEqual([]);
  fs.rmSync(file, { recursive: true, force: true });
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Expects an error of ours, which names the file. */
function expectRefusal(body, Kind, member, pattern) {
  const error = thrownBy(body);
  expect(error).toBeInstanceOf(Kind);
  expect(error.message.startsWith(`${member}: ${file}: `)).toBe(true);
  expect(error.message).toMatch(pattern);
}

function written(memory = filled()) {
  memory.snapshot().save(file);
  return fs.readFileSync(file);
}

function filled() {
  const memory = new Memory({ initial: 3, maximum: 8 });
  fill(memory, 7, 1, 2);
  return memory;
}

/** A snapshot that takes few bytes as a file: it has one page of the system's. */
function small() {
  const memory = new Memory({ initial: 2 });
  new Uint8Array(memory.buffer)[5] = 7;
  return written(memory);
}

describe.each(stores)("of a memory that is %s", (_, make) => {
  test("comes back: its bytes, its length, the memory's type", () => {
    const memory = make(4, 8);
    fill(memory, 7, 1, 2);
    fill(memory, 8, 3, 4);
    const snapshot = memory.snapshot();
    expect(snapshot.save(file)).toBeUndefined();
    fill(memory, 9);
    const opened = Snapshot.open(file);
    fs.rmSync(file);
    expect(opened).toBeInstanceOf(Snapshot);
    expect(opened.byteLength).toBe(4 * PAGE);
    const other = Memory.from(opened);
    expect(pageValues(other)).toEqual([0, 7, 0, 8]);
    expect(other.type()).toEqual(memory.type());
    memory.restore(opened);
    expect(pageValues(memory)).toEqual([0, 7, 0, 8]);
    opened.save(file);
    expect(pageValues(Memory.from(Snapshot.open(file)))).toEqual([0, 7, 0, 8]);
  });
});

test.each([
  [{ initial: 0 }],
  [{ initial: 1, maximum: 65_536 }],
  [{ initial: 1n, address: "i64" }],
  [{ initial: 1n, maximum: 2n ** 37n - 1n, address: "i64" }],
  [{ initial: 1n, maximum: 5n, address: "i64", shared: true }],
])("the type %p comes back", (descriptor) => {
  const memory = new Memory(descriptor);
  memory.snapshot().save(file);
  expect(Memory.from(Snapshot.open(file)).type()).toEqual(memory.type());
});

test("zeros take no room, and a memory of 4 GiB little time", () => {
  const memory = new Memory({ initial: 65_536 });
  new DataView(memory.buffer).setUint8(2 ** 31, 7);
  expect(written(memory).length).toBeLessThan(4096 + 200);
  const [opened, image] = imageTakenBy(() => Snapshot.open(file));
  expect(opened.byteLength).toBe(2 ** 32);
  expect(fs.fstatSync(image).blocks * 512).toBe(4096);
});

describe("the file", () => {
  test("is for its owner only, and in place of what was there", () => {
    fs.writeFileSync(file, "something else, and longer".repeat(1e5), { mode: 0o644 });
    written();
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(pageValues(Memory.from(Snapshot.open(file)))).toEqual([0, 7, 0]);
    written(new Memory({ initial: 1 }));
    expect(Snapshot.open(file).byteLength).toBe(PAGE);
  });

  test("may be given by URL, and have any name", () => {
    const url = pathToFileURL(file);
    filled().snapshot().save(url);
    expect(Snapshot.open(url).byteLength).toBe(3 * PAGE);
    const longest = path.join(folder, "ä".repeat(127));
    try {
      filled().snapshot().save(longest);
      expect(Snapshot.open(longest).byteLength).toBe(3 * PAGE);
    } finally {
      fs.rmSync(longest);
    }
  });

  test("may be in the working directory", () => {
    const cwd = process.cwd();
    process.chdir(folder);
    try {
      filled().snapshot().save("snapshot");
      expect(Snapshot.open("snapshot").byteLength).toBe(3 * PAGE);
    } finally {
      process.chdir(cwd);
    }
  });

  test("of before stays whole where it cannot be written", async () => {
    const { error, drafts, kept, leaked } = await run("save-too-much.js");
    expect(error).toMatch(/^RangeError: Snapshot\.save\(\): .*: File too large/);
    expect({ drafts, kept, leaked }).toEqual({ drafts: [], kept: true, leaked: 0 });
  });
});

describe("refused as Node.js does:", () => {
  const snapshot = filled().snapshot();

  test("what is not there", () => {
    expect(thrownBy(() => Snapshot.open(file))).toMatchObject({ code: "ENOENT", path: file });
    const nowhere = path.join(folder, "none", "snapshot");
    expect(thrownBy(() => snapshot.save(nowhere))).toMatchObject({ code: "ENOENT" });
  });

  test("what is in no folder", () => {
    fs.writeFileSync(file, "");
    expect(thrownBy(() => Snapshot.open(`${file}/x`)).code).toBe("ENOTDIR");
    expect(thrownBy(() => snapshot.save(`${file}/x`)).code).toBe("ENOTDIR");
  });

  test("a folder in place of the file", () => {
    fs.mkdirSync(file);
    expect(["EISDIR", "EEXIST", "ENOTEMPTY"]).toContain(thrownBy(() => snapshot.save(file)).code);
    const error = thrownBy(() => Snapshot.open(file));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: "EISDIR", path: file });
  });

  test("what may not be read, or written", () => {
    written();
    asNobody(() => {
      expect(thrownBy(() => Snapshot.open(file)).code).toBe("EACCES");
      expect(thrownBy(() => snapshot.save(file)).code).toBe("EACCES");
    });
  });

  test("what is read-only, whoever asks", () => {
    const code = thrownBy(() => snapshot.save("/proc/self/snapshot")).code;
    expect(["ENOENT", "EACCES", "EPERM", "EROFS"]).toContain(code);
  });

  test("a name with a zero, and one that is too long", () => {
    expect(thrownBy(() => snapshot.save("\0")).code).toBe("ERR_INVALID_ARG_VALUE");
    expect(thrownBy(() => Snapshot.open("\0")).code).toBe("ERR_INVALID_ARG_VALUE");
    const long = path.join(folder, "x".repeat(256));
    expect(thrownBy(() => snapshot.save(long)).code).toBe("ENAMETOOLONG");
    expect(thrownBy(() => Snapshot.open(long)).code).toBe("ENAMETOOLONG");
  });
});

/** Does it as one who has no right to the folder, whoever runs the tests. */
function asNobody(body) {
  if (process.getuid() === 0) process.seteuid(65_534);
  else fs.chmodSync(folder, 0);
  try {
    body();
  } finally {
    if (process.getuid() === 0) process.seteuid(0);
    else fs.chmodSync(folder, 0o700);
  }
}

test.each([
  ["nothing", undefined],
  ["null", null],
  ["a number, which is not taken for a descriptor", 1],
  ["an object", { toString: () => file }],
  ["a symbol", Symbol("file")],
])("%s is no path", (_, value) => {
  const snapshot = filled().snapshot();
  for (const [member, body] of [
    ["Snapshot.save()", () => snapshot.save(value)],
    ["Snapshot.open()", () => Snapshot.open(value)],
  ]) {
    const error = thrownBy(body);
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message.startsWith(`${member}: `)).toBe(true);
  }
});

describe("never taken for a snapshot:", () => {
  const refuse = (bytes, pattern) => {
    fs.writeFileSync(file, bytes);
    expectRefusal(() => Snapshot.open(file), TypeError, "Snapshot.open()", pattern);
  };

  test("another file", () => {
    for (const bytes of ["", "x", "a text that is none of ours", Buffer.alloc(1000)]) {
      refuse(bytes, /the file is no snapshot$/);
    }
  });

  test("one of another format", () => {
    const bytes = small();
    bytes.writeUInt32LE(2, 8);
    refuse(bytes, /the file is a snapshot of format 2, and 1 is known here$/);
  });

  test("one with a byte changed, whichever", () => {
    const good = small();
    for (let at = 0; at < good.length; at += at < 200 || at > good.length - 50 ? 1 : 37) {
      const bytes = Buffer.from(good);
      bytes[at] ^= 1 << (at % 8);
      refuse(bytes, /the file is (no snapshot|a snapshot of format|a damaged snapshot)/);
    }
    fs.writeFileSync(file, good);
    expect(Snapshot.open(file).byteLength).toBe(2 * PAGE);
  });

  test("one that ends early, wherever", () => {
    const good = small();
    for (let length = 0; length < good.length; length += length < 200 ? 1 : 41) {
      refuse(good.subarray(0, length), /the file is (no snapshot|a damaged snapshot)/);
    }
    refuse(good.subarray(0, -1), /a damaged snapshot/);
  });

  test("one with more behind", () => {
    const good = small();
    for (const more of ["\0", "x", good]) {
      refuse(Buffer.concat([good, Buffer.from(more)]), /a damaged snapshot/);
    }
  });

  // Whole, and right by its checksums: as a program may write who knows the format.
  test.each([
    ["flags that mean nothing", 8, 0],
    ["a maximum less than its length", 4, 1],
    ["a maximum that is no whole number", 4, 2.5],
    ["a maximum that is none", 4, NaN],
    ["a maximum beyond all", 4, Infinity],
    ["no maximum, though it was shared", 2, 0],
  ])("one with %s", (_, flags, maximum) => {
    const { id, owner } = native.capture(new Memory({ initial: 2 }).buffer);
    native.saveImage(id, owner, file, flags, maximum);
    expectRefusal(() => Snapshot.open(file), TypeError, "Snapshot.open()", /of a type that no/);
  });
});
