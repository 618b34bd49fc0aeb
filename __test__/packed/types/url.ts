// Compiles with a class URL: of the DOM, or of @types/node.

import { Memory, Snapshot } from "linear-memory";

const memory: Memory = Memory.open(new URL("file:///file"));
memory.map(0, new URL("file:///file"));
const snapshot: Snapshot = Snapshot.open(new URL("file:///file"));
snapshot.save(new URL("file:///file"));

// @ts-expect-error a URL has more members than an href
Memory.open({ href: "file:///file" });
