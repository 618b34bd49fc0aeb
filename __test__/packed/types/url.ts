// What compiles where there is a class URL: with the DOM, or with @types/node.

import { Memory, Snapshot } from "linear-memory";

const memory: Memory = Memory.open(new URL("file:///file"));
memory.map(0, new URL("file:///file"));
const snapshot: Snapshot = Snapshot.open(new URL("file:///file"));
snapshot.save(new URL("file:///file"));

// @ts-expect-error a URL has more than an href
Memory.open({ href: "file:///file" });
