"use strict";

// Memory.open().

const { execFileSync, spawn } = require("node:child_process");
const { constants } = require("node:buffer");
const fs = require("node:fs");
const { once } = require("node:events");
const path = require("node:path");
const { pathToFileURL } = require("node:url");
const { Worker } = require("node:worker_threads");

const { setStatHook, clearStatHook, removeStatHook } = require("../support/stat-hook");
const { Memory } = require("../..");
const { useFiles, openFilesWithin, descriptorsOf, mappingCountOf } = require("../support/files");
const { thrownBy } = require("../support/thrown");
const { collectGarbage } = require("../support/gc");
const { compile } = require("../support/wat");

const PAGE = 65_536;

const { directory, newFile, removeFiles } = useFiles();
const memories = [];

afterEach(async () => {
  for (const memory of memories.splice(0)) memory.close();
  expect(openFilesWithin(directory)).toEqual([]);
});
afterAll(() => {
  removeStatHook();
  removeFiles();
});

/** Opens a memory that is closed after the test. */
function open(file, options) {
  const memory = Memory.open(file, options);
  memories.push(memory);
  return memory;
}

const bytesOf = (memory) => new Uint8Array(memory.buffer);

describe('a memory opened with mode "r"', () => {
  test("keeps writes in memory", () => {
    const file = newFile(Buffer.alloc(PAGE, 1));
    const memory = open(file);
    expect(memory.type()).toEqual({ minimum: 1, shared: false, address: "i32" });
    bytesOf(memory)[5] = 9;
    expect([bytesOf(memory)[4], bytesOf(memory)[5]]).toEqual([1, 9]);
    expect(memory.grow(1)).toBe(1);
    bytesOf(memory)[PAGE] = 9;
    expect([bytesOf(memory)[5], bytesOf(memory)[PAGE + 1]]).toEqual([9, 0]);
    expect(fs.readFileSync(file)).toEqual(Buffer.alloc(PAGE, 1));
  });

  test("opens a file that nobody may write to", () => {
    const file = newFile("abc");
    fs.chmodSync(file, 0o400);
    bytesOf(open(file))[0] = 9;
    expect(fs.readFileSync(file, "latin1")).toBe("abc");
  });

  test("reads discarded pages as the file's bytes, and as zero beyond them", () => {
    const memory = open(newFile(Buffer.alloc(PAGE, 1)), { initial: 2 });
    bytesOf(memory).fill(9);
    memory.discard(0, 2 * PAGE);
    expect([bytesOf(memory)[0], bytesOf(memory)[PAGE - 1]]).toEqual([1, 1]);
    expect([bytesOf(memory)[PAGE], bytesOf(memory)[2 * PAGE - 1]]).toEqual([0, 0]);
  });

  test("includes the file's bytes and later writes in snapshots, which can be restored", () => {
    const file = newFile(Buffer.alloc(PAGE, 1));
    const memory = open(file);
    bytesOf(memory)[7] = 2;
    const snapshot = memory.snapshot();
    bytesOf(memory).fill(3);
    memory.restore(snapshot);
    expect([...bytesOf(memory).subarray(6, 9)]).toEqual([1, 2, 1]);
    expect(bytesOf(Memory.from(snapshot))[7]).toBe(2);
    expect(fs.readFileSync(file)).toEqual(Buffer.alloc(PAGE, 1));
  });
});

describe('a memory opened with mode "r+"', () => {
  test("writes to the file, also from a module after toWebAssembly()", async () => {
    const file = newFile(Buffer.alloc(2 * PAGE, 1));
    const memory = open(file, { mode: "r+", maximum: 8 });
    bytesOf(memory)[PAGE] = 2;
    expect(fs.readFileSync(file)[PAGE]).toBe(2);

    const module = await compile(`(module (memory (import "m" "m") 1)
      (func (export "store") (param i32 i32) (i32.store8 (local.get 0) (local.get 1)))
      (func (export "grow") (param i32) (result i32) (memory.grow (local.get 0))))`);
    const m = memory.toWebAssembly();
    expect(memory.toWebAssembly()).toBe(m);
    const { store, grow } = new WebAssembly.Instance(module, { m: { m } }).exports;
    store(PAGE + 1, 3);
    expect([...fs.readFileSync(file).subarray(PAGE - 1, PAGE + 2)]).toEqual([1, 2, 3]);

    // Pages that the module adds become the file's with the next flush or growth.
    grow(1);
    store(2 * PAGE + 5, 4);
    expect(fs.statSync(file).size).toBe(2 * PAGE);
    memory.flushSync();
    expect(fs.statSync(file).size).toBe(3 * PAGE);
    store(2 * PAGE + 6, 5);
    expect([...fs.readFileSync(file).subarray(2 * PAGE + 4, 2 * PAGE + 7)]).toEqual([0, 4, 5]);
    grow(1);
    store(3 * PAGE, 6);
    expect(memory.grow(1)).toBe(4);
    store(4 * PAGE, 7);
    expect([fs.readFileSync(file)[3 * PAGE], fs.readFileSync(file)[4 * PAGE]]).toEqual([6, 7]);
  });

  test("keeps pages that a module has added although another has grown the file as far", async () => {
    const file = newFile(Buffer.alloc(PAGE, 1));
    const memory = open(file, { mode: "r+", maximum: 8 });
    memory.toWebAssembly().grow(2);
    bytesOf(memory)[PAGE] = 2;
    fs.truncateSync(file, 3 * PAGE);
    const other = fs.openSync(file, "r+");
    fs.writeSync(other, Buffer.of(3), 0, 1, 2 * PAGE);
    fs.closeSync(other);
    memory.flushSync();
    expect([bytesOf(memory)[PAGE], bytesOf(memory)[2 * PAGE]]).toEqual([2, 3]);
    bytesOf(memory)[PAGE + 1] = 4;
    expect([...fs.readFileSync(file).subarray(PAGE, PAGE + 2)]).toEqual([2, 4]);
  });

  test("extends the file in grow(), with room on the disk", () => {
    const file = newFile();
    const memory = open(file, { mode: "r+", initial: 1 });
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    expect(memory.grow(15)).toBe(1);
    const { size, blocks } = fs.statSync(file);
    expect(size).toBe(16 * PAGE);
    expect(blocks * 512).toBeGreaterThanOrEqual(16 * PAGE);
    bytesOf(memory)[16 * PAGE - 1] = 3;
    expect(fs.readFileSync(file)[16 * PAGE - 1]).toBe(3);
  });

  test("stays backed by the file if grow() moves the pages", () => {
    const file = newFile(Buffer.alloc(PAGE, 1));
    const memory = open(file, { mode: "r+" });
    memory.grow(300);
    bytesOf(memory)[5] = 2;
    bytesOf(memory)[301 * PAGE - 1] = 3;
    const content = fs.readFileSync(file);
    expect([content[5], content[301 * PAGE - 1]]).toEqual([2, 3]);
  });

  test("keeps a length that is not a whole page until the memory grows", () => {
    for (const length of [1, 100, 4096, 5000, PAGE - 2, PAGE + 1]) {
      const file = newFile(Buffer.alloc(length, 1));
      const memory = open(file, { mode: "r+" });
      const pages = Math.ceil(length / PAGE);
      expect(memory.type().minimum).toBe(pages);
      expect(bytesOf(memory)[length]).toBe(0);
      bytesOf(memory)[length] = 2;
      bytesOf(memory)[pages * PAGE - 1] = 3;
      memory.flushSync();
      expect(fs.statSync(file).size).toBe(length);
      // If the system has written that page to disk, it may have zeroed these bytes.
      bytesOf(memory)[length] = 2;
      bytesOf(memory)[pages * PAGE - 1] = 3;
      memory.grow(1);
      const content = fs.readFileSync(file);
      expect(content.length).toBe((pages + 1) * PAGE);
      expect([content[length - 1], content[length], content[pages * PAGE - 1]]).toEqual([1, 2, 3]);
      expect(bytesOf(memory)[length]).toBe(2);
    }
  });

  test("takes in pages that others have added, and writes its tail to them, in grow(0)", () => {
    const file = newFile(Buffer.alloc(100, 1));
    const memory = open(file, { mode: "r+" });
    bytesOf(memory)[9000] = 2;
    fs.truncateSync(file, 2 * PAGE);
    expect(memory.grow(0)).toBe(2);
    const content = fs.readFileSync(file);
    expect([content[99], content[9000], bytesOf(memory)[9000]]).toEqual([1, 2, 2]);
    bytesOf(memory)[2 * PAGE - 1] = 5;
    expect(fs.readFileSync(file)[2 * PAGE - 1]).toBe(5);
  });

  test("throws from grow() if others have grown the file beyond the maximum", () => {
    const file = newFile(Buffer.alloc(PAGE));
    const memory = open(file, { mode: "r+", maximum: 2 });
    fs.truncateSync(file, 3 * PAGE);
    expect(() => memory.grow(0)).toThrow(RangeError);
    expect(() => memory.grow(0)).toThrow(/^Memory\.grow\(\): .*has grown to 3 pages.* limit of 2$/);
    expect(memory.type().minimum).toBe(1);
  });

  test("extends a file that is shorter than `initial`, and not one that is longer", () => {
    const file = newFile(Buffer.alloc(PAGE + 1, 1));
    const short = open(file, { mode: "r+", initial: 1 });
    expect([short.type().minimum, fs.statSync(file).size]).toEqual([2, PAGE + 1]);
    const long = open(file, { mode: "r+", initial: 3 });
    expect([long.type().minimum, fs.statSync(file).size]).toEqual([3, 3 * PAGE]);
    expect(bytesOf(long)[PAGE]).toBe(1);
  });

  test("throws from discard(), restore() and map()", () => {
    const file = newFile(Buffer.alloc(PAGE, 1));
    const memory = open(file, { mode: "r+" });
    const snapshot = memory.snapshot();
    expect(() => memory.discard(0, PAGE)).toThrow(TypeError);
    expect(() => memory.restore(snapshot)).toThrow(TypeError);
    expect(() => memory.map(0, file)).toThrow(TypeError);
    expect(fs.readFileSync(file)[0]).toBe(1);
  });
});

describe('a memory opened with mode "w+"', () => {
  test("creates or empties the file, which is accessible to its owner only", () => {
    const file = newFile();
    bytesOf(open(file, { mode: "w+", initial: 1 }))[0] = 1;
    expect(fs.statSync(file)).toMatchObject({ size: PAGE });
    expect(fs.statSync(file).mode & 0o777).toBe(0o600);
    const again = open(file, { mode: "w+", initial: 2 });
    expect([bytesOf(again)[0], fs.readFileSync(file)[0], fs.statSync(file).size]).toEqual([
      0,
      0,
      2 * PAGE,
    ]);
  });

  test("does not empty or create the file if the options are invalid", () => {
    const file = newFile("abc");
    for (const options of [
      { initial: 70_000 },
      { initial: 2, maximum: 1 },
      { initial: "x" },
      { initial: 1, shared: true },
      {},
    ]) {
      expect(() => open(file, { mode: "w+", ...options })).toThrow(/^Memory/);
      const created = newFile();
      expect(() => open(created, { mode: "w+", ...options })).toThrow(/^Memory/);
      expect(fs.existsSync(created)).toBe(false);
    }
    expect(fs.readFileSync(file, "latin1")).toBe("abc");
  });
});

test("open() takes a string, a Buffer, a URL, or a descriptor, which stays open", () => {
  const file = newFile("abc");
  const descriptor = fs.openSync(file, "r+");
  for (const named of [file, Buffer.from(file), pathToFileURL(file), descriptor]) {
    expect(bytesOf(open(named))[2]).toBe(99);
    bytesOf(open(named, { mode: "r+" }))[0]++;
  }
  expect(bytesOf(open(descriptor, { mode: "w+", initial: 1 }))[0]).toBe(0);
  fs.closeSync(descriptor);
});

test("open() of an empty file makes a memory without pages", () => {
  const file = newFile("");
  const memory = open(file, { mode: "r+" });
  expect(memory.buffer.byteLength).toBe(0);
  memory.flushSync();
  memory.grow(1);
  bytesOf(memory)[0] = 1;
  expect(fs.readFileSync(file)[0]).toBe(1);
});

describe("the file of a memory", () => {
  test("is unmapped and closed by close()", () => {
    const file = newFile(Buffer.alloc(PAGE));
    for (const options of [{}, { mode: "r+" }]) {
      const memory = Memory.open(file, options);
      expect([openFilesWithin(directory), mappingCountOf(file)]).toEqual([[file], 1]);
      memory.close();
      expect([openFilesWithin(directory), mappingCountOf(file)]).toEqual([[], 0]);
      expect(() => memory.buffer).toThrow("the memory is closed");
      expect(() => memory.flushSync()).toThrow("the memory is closed");
      expect(() => memory.map(0, file)).toThrow("the memory is closed");
    }
  });

  test("is unmapped and closed when the memory is collected", async () => {
    const file = newFile(Buffer.alloc(PAGE));
    (() => {
      Memory.open(file);
      Memory.open(file, { mode: "r+", maximum: 4, shared: true });
      Memory.open(file, { mode: "r+" }).toWebAssembly();
    })();
    const isGone = () => openFilesWithin(directory).length === 0 && mappingCountOf(file) === 0;
    await collectGarbage(isGone);
    expect(isGone()).toBe(true);
  });

  test("is not inherited by child processes", () => {
    const file = newFile(Buffer.alloc(PAGE));
    open(file, { mode: "r+" });
    const descriptor = descriptorsOf(file)[0];
    const flags = /^flags:\s+(\d+)$/m.exec(
      fs.readFileSync(`/proc/self/fdinfo/${descriptor}`, "utf8"),
    )[1];
    expect(parseInt(flags, 8) & 0o2000000).toBe(0o2000000);
  });
});

describe("open() rejects", () => {
  const errorOf = (action) => {
    const before = fs.readdirSync("/proc/self/fd").length;
    const { name, message, code, path: named } = thrownBy(action);
    expect(fs.readdirSync("/proc/self/fd").length).toBe(before);
    return { name, message, code, path: named };
  };

  test("a missing file, a directory, a pipe and a device", () => {
    const missing = newFile();
    for (const options of [{}, { mode: "r+" }]) {
      expect(errorOf(() => Memory.open(missing, options))).toMatchObject({
        code: "ENOENT",
        path: missing,
      });
    }
    for (const options of [{}, { mode: "r+" }, { mode: "w+", initial: 1 }]) {
      expect(errorOf(() => Memory.open(directory, options))).toMatchObject({
        code: "EISDIR",
        path: directory,
      });
    }
    const pipe = newFile();
    execFileSync("mkfifo", [pipe]);
    for (const options of [{}, { mode: "r+" }]) {
      expect(errorOf(() => Memory.open(pipe, options))).toMatchObject({
        name: "TypeError",
        code: "ENODEV",
        path: pipe,
      });
    }
    expect(errorOf(() => Memory.open("/dev/zero")).code).toBe("ENODEV");
    expect(errorOf(() => Memory.open(path.join(newFile("x"), "y"))).code).toBe("ENOTDIR");
  });

  test("a file that this process may not write to", () => {
    const file = newFile("abc");
    const descriptor = fs.openSync(file, "r");
    expect(errorOf(() => Memory.open(descriptor, { mode: "r+" }))).toMatchObject({
      name: "RangeError",
      code: "EACCES",
    });
    fs.closeSync(descriptor);
    // Not even root may write to a program that runs.
    const program = newFile(fs.readFileSync("/bin/sleep"));
    fs.chmodSync(program, 0o700);
    const child = spawn(program, ["60"]);
    try {
      expect(errorOf(() => Memory.open(program, { mode: "r+" }))).toMatchObject({
        code: "ETXTBSY",
        path: program,
      });
    } finally {
      child.kill();
    }
  });

  test("a closed descriptor, and numbers that are not descriptors", () => {
    const descriptor = fs.openSync(newFile("abc"), "r");
    fs.closeSync(descriptor);
    expect(errorOf(() => Memory.open(descriptor)).code).toBe("EBADF");
    expect(errorOf(() => Memory.open(-1)).name).toBe("RangeError");
    expect(errorOf(() => Memory.open(1.5)).name).toBe("RangeError");
  });

  test("a file that shrinks before it is mapped", () => {
    const file = newFile(Buffer.alloc(4 * PAGE));
    for (const options of [{}, { mode: "r+" }, { mode: "r+", maximum: 9, shared: true }]) {
      fs.truncateSync(file, 4 * PAGE);
      setStatHook(() => fs.truncateSync(file, PAGE));
      const error = errorOf(() => Memory.open(file, options));
      expect(error).toMatchObject({ name: "RangeError" });
      expect(error.message).toBe(
        `Memory.open(): ${file}: the file was truncated while it was mapped`,
      );
      clearStatHook();
      expect(fs.statSync(file).size).toBe(PAGE);
    }
  });

  test("values that are neither paths nor options", () => {
    const file = newFile("abc");
    for (const value of [undefined, null, {}, Symbol("path"), 1n, true]) {
      expect(errorOf(() => Memory.open(value))).toMatchObject({ name: "TypeError" });
    }
    for (const options of [null, 1, "r", { mode: "w" }, { mode: null }, { mode: Symbol("r") }]) {
      const error = errorOf(() => Memory.open(file, options));
      expect(error).toMatchObject({ name: "TypeError" });
      expect(error.message).toMatch(/^Memory\.open\(\): (options|mode): /);
    }
    expect(errorOf(() => Memory.open(file, { shared: true, maximum: 1 })).name).toBe("TypeError");
    expect(errorOf(() => Memory.open(file, { mode: "r+", shared: true })).name).toBe("TypeError");
    expect(errorOf(() => Memory.open(file, { initial: -1 })).name).toBe("TypeError");
  });

  test("a file longer than the maximum, with an error that names both", () => {
    const file = newFile(Buffer.alloc(3 * PAGE));
    const { name, message } = errorOf(() => Memory.open(file, { maximum: 2 }));
    expect(name).toBe("RangeError");
    expect(message).toContain(file);
    expect(message).toContain("3 pages, more than the 2");
  });
});

describe("files of more than 4 GiB", () => {
  const GIB = 2 ** 30;
  const large = newFile("");
  const write = (at, value) => {
    const descriptor = fs.openSync(large, "r+");
    fs.writeSync(descriptor, Buffer.of(value), 0, 1, at);
    fs.closeSync(descriptor);
  };
  beforeAll(() => {
    fs.truncateSync(large, 6 * GIB);
    write(6 * GIB - 1, 7);
  });

  const canView = constants.MAX_LENGTH > 6 * GIB && process.versions.node >= "22";
  const pages = (6 * GIB) / PAGE;

  if (canView) {
    test("open with 64-bit addresses", () => {
      const memory = open(large, { mode: "r+" });
      expect(memory.type()).toEqual({ minimum: BigInt(pages), shared: false, address: "i64" });
      const view = new DataView(memory.buffer);
      expect(view.getUint8(6 * GIB - 1)).toBe(7);
      view.setUint8(5 * GIB, 8);
      const descriptor = fs.openSync(large, "r");
      const byte = Buffer.alloc(1);
      fs.readSync(descriptor, byte, 0, 1, 5 * GIB);
      fs.closeSync(descriptor);
      expect(byte[0]).toBe(8);
      expect(memory.grow(1n)).toBe(BigInt(pages));
      fs.truncateSync(large, 6 * GIB);
    });
  } else {
    test("are rejected if the engine cannot view as much", () => {
      const { name, message } = thrownBy(() => Memory.open(large));
      expect(name).toBe("RangeError");
      expect(message).toMatch(/98304/);
    });
  }

  test("are rejected with 32-bit addresses", () => {
    const { name, message } = thrownBy(() => Memory.open(large, { address: "i32" }));
    expect(name).toBe("RangeError");
    expect(message).toContain("98304 pages, more than the 65536");
  });
});

describe("shared memories of a file", () => {
  test("see each other's stores and growth", () => {
    const file = newFile();
    const options = { mode: "r+", initial: 1, maximum: 8, shared: true };
    const [one, other] = [open(file, options), open(file, options)];
    expect(one).not.toBe(other);
    Atomics.store(new Int32Array(one.buffer), 3, 42);
    expect(Atomics.load(new Int32Array(other.buffer), 3)).toBe(42);
    expect(one.grow(2)).toBe(1);
    expect(other.buffer.byteLength).toBe(PAGE);
    expect(other.grow(0)).toBe(3);
    bytesOf(one)[2 * PAGE + 1] = 5;
    expect(bytesOf(other)[2 * PAGE + 1]).toBe(5);
  });

  test("have a token that gives a worker the file", async () => {
    const file = newFile();
    const memory = open(file, { mode: "r+", initial: 1, maximum: 8, shared: true });
    const worker = new Worker(
      `const { workerData, parentPort } = require("node:worker_threads");
       const { Memory } = require(workerData.package);
       const memory = Memory.from(workerData.token);
       const before = memory.grow(2);
       new Uint8Array(memory.buffer)[${2 * PAGE}] = 6;
       memory.flush(0, 8).then(() => parentPort.postMessage(before));`,
      {
        eval: true,
        workerData: { token: memory.share(), package: path.join(__dirname, "..", "..") },
      },
    );
    const [[before]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    expect(before).toBe(1);
    expect(memory.buffer.byteLength).toBe(3 * PAGE);
    expect(fs.readFileSync(file)[2 * PAGE]).toBe(6);
    bytesOf(memory)[2 * PAGE + 1] = 7;
    expect(fs.readFileSync(file)[2 * PAGE + 1]).toBe(7);
    expect(memory.grow(1)).toBe(3);
    expect(fs.statSync(file).size).toBe(4 * PAGE);
  });

  test("have a token that Memory.from() rejects after close()", () => {
    const memory = Memory.open(newFile(), { mode: "w+", initial: 1, maximum: 2, shared: true });
    const token = memory.share();
    memory.close();
    expect(() => Memory.from(token)).toThrow(TypeError);
  });
});

test("open() under register makes an engine memory, and a module's stores reach the file", async () => {
  const { register } = require("../../lib/register/register");
  const undo = register();
  try {
    const file = newFile(Buffer.alloc(PAGE, 1));
    const memory = open(file, { mode: "r+", maximum: 4 });
    const { buffer } = memory;
    const module = await compile(`(module (memory (import "m" "m") 1)
      (func (export "store") (i32.store8 (i32.const 3) (i32.const 5))))`);
    new WebAssembly.Instance(module, { m: { m: memory } }).exports.store();
    expect(memory.buffer).toBe(buffer);
    expect(fs.readFileSync(file)[3]).toBe(5);
  } finally {
    undo();
  }
});
