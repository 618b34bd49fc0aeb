// Makes a picture, writes it as PNG, makes that smaller, and reads it again: two modules of
// wasm-bindgen's. oxipng is built for threads, so that it imports its memory, a shared one; the other
// exports its own.

import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import initOxipng, { optimise } from "@jsquash/oxipng/codec/pkg-parallel/squoosh_oxipng.js";
import initPng, { encode, decode } from "@jsquash/png/codec/pkg/squoosh_png.js";

const WIDTH = 320;
const HEIGHT = 240;

const require = createRequire(import.meta.url);
const read = (file) => readFileSync(require.resolve(file));
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

// What a browser has, and the decoder returns.
globalThis.ImageData = class {
  constructor(data, width, height) {
    Object.assign(this, { data, width, height });
  }
};

await initPng(read("@jsquash/png/codec/pkg/squoosh_png_bg.wasm"));
await initOxipng(read("@jsquash/oxipng/codec/pkg-parallel/squoosh_oxipng_bg.wasm"));

const pixels = new Uint8Array(WIDTH * HEIGHT * 4);
for (let y = 0; y < HEIGHT; y++) {
  for (let x = 0; x < WIDTH; x++) {
    const isInside = (x - 160) ** 2 + (y - 120) ** 2 < 10_000;
    pixels.set([isInside ? x : y, (x * y) >> 9, isInside ? 200 : 30, 255], (y * WIDTH + x) * 4);
  }
}

const large = encode(pixels, WIDTH, HEIGHT, 8);
process.emit("checkpoint");
console.log(large.length, sha256(large));
for (const level of [1, 2, 3]) {
  const small = optimise(large, level, level === 2, true);
  const picture = decode(small, 8);
  process.emit("checkpoint");
  console.log(level, small.length, sha256(small));
  console.log(picture.width, picture.height, Buffer.from(picture.data).equals(pixels));
}
try {
  optimise(large.subarray(0, large.length / 2), 1, false, false);
} catch (error) {
  console.log("refused half a picture:", error.message);
}
