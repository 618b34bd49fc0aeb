"use strict";

// Snapshot.save() and Snapshot.open().

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

// No test leaves a file open, or a draft beside the snapshot.
afterEach(() => {
  expect(openFilesWithin(folder)).toEqual([]);
  expect(fs.readdirSync(folder).filter((name) => name !== "snapshot")).toEqual([]);
  fs.rmSync(file, { recursive: true, force: true });
});

afterAll(() => fs.rmSync(folder, { recursive: true }));

/** Expects an error of this package that names the member and the file. */
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

/** Saves a snapshot with one system page that is not zero. Returns the bytes of the file. */
function small() {
  const memory = new Memory({ initial: 2 });
  new Uint8Array(memory.buffer)[5] = 7;
  return written(memory);
}

describe.each(stores)("the snapshot of a memory that is %s", (_, make) => {
  test("keeps its bytes, its length and the memory's type in a file", () => {
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
])("open() restores the type %p", (descriptor) => {
  const memory = new Memory(descriptor);
  memory.snapshot().save(file);
  expect(Memory.from(Snapshot.open(file)).type()).toEqual(memory.type());
});

test("save() writes no zeros: the file of a memory of 4 GiB has one page", () => {
  const memory = new Memory({ initial: 65_536 });
  new DataView(memory.buffer).setUint8(2 ** 31, 7);
  expect(written(memory).length).toBeLessThan(4096 + 200);
  const [opened, image] = imageTakenBy(() => Snapshot.open(file));
  expect(opened.byteLength).toBe(2 ** 32);
  expect(fs.fstatSync(image).blocks * 512).toBe(4096);
});

describe("a snapshot file", () => {
  test("is accessible to its owner only, and replaces a file that was there", () => {
    fs.writeFileSync(file, "a longer text".repeat(1e5), { mode: 0o644 });
    written();
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(pageValues(Memory.from(Snapshot.open(file)))).toEqual([0, 7, 0]);
    written(new Memory({ initial: 1 }));
    expect(Snapshot.open(file).byteLength).toBe(PAGE);
  });

  test("can be given as a URL, and have any name", () => {
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

  test("can be in the working directory", () => {
    const cwd = process.cwd();
    process.chdir(folder);
    try {
      filled().snapshot().save("snapshot");
      expect(Snapshot.open("snapshot").byteLength).toBe(3 * PAGE);
    } finally {
      process.chdir(cwd);
    }
  });

  test("keeps its previous contents if save() fails", async () => {
    const { error, drafts, kept, leaked } = await run("save-beyond-file-size-limit.js");
    expect(error).toMatch(/^RangeError: Snapshot\.save\(\): .*: File too large/);
    expect({ drafts, kept, leaked }).toEqual({ drafts: [], kept: true, leaked: 0 });
  });
});

describe("save() and open() throw Node.js's errors for", () => {
  const snapshot = filled().snapshot();

  test("files and folders that do not exist", () => {
    expect(thrownBy(() => Snapshot.open(file))).toMatchObject({ code: "ENOENT", path: file });
    const nowhere = path.join(folder, "none", "snapshot");
    expect(thrownBy(() => snapshot.save(nowhere))).toMatchObject({ code: "ENOENT" });
  });

  test("a path below a file", () => {
    fs.writeFileSync(file, "");
    expect(thrownBy(() => Snapshot.open(`${file}/x`)).code).toBe("ENOTDIR");
    expect(thrownBy(() => snapshot.save(`${file}/x`)).code).toBe("ENOTDIR");
  });

  test("a folder in place of the file", () => {
    fs.mkdirSync(file);
    expect(thrownBy(() => snapshot.save(file)).code).toBe("EISDIR");
    const error = thrownBy(() => Snapshot.open(file));
    expect(error).toBeInstanceOf(TypeError);
    expect(error).toMatchObject({ code: "EISDIR", path: file });
  });

  test("files and folders without permission", () => {
    written();
    asNobody(() => {
      expect(thrownBy(() => Snapshot.open(file)).code).toBe("EACCES");
      expect(thrownBy(() => snapshot.save(file)).code).toBe("EACCES");
    });
  });

  test("a file system without new files", () => {
    expect(thrownBy(() => snapshot.save("/proc/self/snapshot")).code).toBe("ENOENT");
  });

  test("a name with a zero byte, and a name that is too long", () => {
    expect(thrownBy(() => snapshot.save("\0")).code).toBe("ERR_INVALID_ARG_VALUE");
    expect(thrownBy(() => Snapshot.open("\0")).code).toBe("ERR_INVALID_ARG_VALUE");
    const long = path.join(folder, "x".repeat(256));
    expect(thrownBy(() => snapshot.save(long)).code).toBe("ENAMETOOLONG");
    expect(thrownBy(() => Snapshot.open(long)).code).toBe("ENAMETOOLONG");
  });
});

/** Runs `body` as a user without permission for the folder, whichever user runs the tests. */
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
  ["undefined", undefined],
  ["null", null],
  ["a number, which is not a descriptor here", 1],
  ["an object", { toString: () => file }],
  ["a symbol", Symbol("file")],
])("save() and open() reject as a path: %s", (_, value) => {
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

describe("open() rejects", () => {
  const refuse = (bytes, pattern) => {
    fs.writeFileSync(file, bytes);
    expectRefusal(() => Snapshot.open(file), TypeError, "Snapshot.open()", pattern);
  };

  test("a file that is not a snapshot", () => {
    for (const bytes of ["", "x", "a text", Buffer.alloc(1000)]) {
      refuse(bytes, /not a snapshot file$/);
    }
  });

  test("a snapshot of another format", () => {
    const bytes = small();
    bytes.writeUInt32LE(2, 8);
    refuse(bytes, /a snapshot file of format 2; this version of linear-memory reads format 1$/);
  });

  test("a snapshot with any byte changed", () => {
    const good = small();
    for (let at = 0; at < good.length; at += at < 200 || at > good.length - 50 ? 1 : 37) {
      const bytes = Buffer.from(good);
      bytes[at] ^= 1 << (at % 8);
      refuse(bytes, /(not a|a damaged) snapshot file|a snapshot file of format/);
    }
    fs.writeFileSync(file, good);
    expect(Snapshot.open(file).byteLength).toBe(2 * PAGE);
  });

  test("a snapshot truncated anywhere", () => {
    const good = small();
    for (let length = 0; length < good.length; length += length < 200 ? 1 : 41) {
      refuse(good.subarray(0, length), /(not a|a damaged) snapshot file/);
    }
    refuse(good.subarray(0, -1), /a damaged snapshot/);
  });

  test("a snapshot followed by more bytes", () => {
    const good = small();
    for (const more of ["\0", "x", good]) {
      refuse(Buffer.concat([good, Buffer.from(more)]), /a damaged snapshot/);
    }
  });

  // Complete files with right checksums, as a program that knows the format could write them.
  test.each([
    ["unknown flags", 8, 0],
    ["a maximum less than its length", 4, 1],
    ["a fraction as its maximum", 4, 2.5],
    ["NaN as its maximum", 4, NaN],
    ["Infinity as its maximum", 4, Infinity],
    ["the shared flag and no maximum", 2, 0],
  ])("a snapshot with %s", (_, flags, maximum) => {
    const { id, owner } = native.capture(new Memory({ initial: 2 }).buffer);
    native.saveImage(id, owner, file, flags, maximum);
    expectRefusal(
      () => Snapshot.open(file),
      TypeError,
      "Snapshot.open()",
      /: a damaged snapshot file/,
    );
  });
});
