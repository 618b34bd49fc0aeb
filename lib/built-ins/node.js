"use strict";

// The functions of Node.js that this package uses, taken when it loads: a program can replace the exports of
// `node:` modules later. Node.js itself loads these modules when it starts, so requiring them takes
// microseconds. worker-threads.js has the functions of a module that is not loaded by then.

const { constants: bufferConstants } = require("node:buffer");
const fs = require("node:fs");
const { setImmediate } = require("node:timers");
const { fileURLToPath, URL } = require("node:url");
const { TextDecoder, getSystemErrorName, types } = require("node:util");

const { getterOf, methodOf, uncurryThis } = require("./primordials");

const { O_RDONLY, O_RDWR, O_CREAT, O_EXCL, O_NONBLOCK = 0 } = fs.constants;
const { S_IFMT, S_IFREG, S_IFDIR } = fs.constants;

module.exports = {
  O_RDONLY,
  O_RDWR,
  O_CREAT,
  O_EXCL,
  /** 0 on Windows, which has no such flag. */
  O_NONBLOCK,
  S_IFMT,
  S_IFREG,
  S_IFDIR,
  closeSync: fs.closeSync,
  fstatSync: fs.fstatSync,
  openSync: fs.openSync,
  realpath: fs.realpathSync.native,
  statSync: fs.statSync,
  unlinkSync: fs.unlinkSync,

  /** In bytes. */
  BUFFER_LIMIT: bufferConstants.MAX_LENGTH,
  TextDecoder,
  TextDecoderPrototypeDecode: methodOf(TextDecoder.prototype, "decode"),
  /** Throws unless the receiver is a URL. */
  URLPrototypeGetHref: getterOf(URL.prototype, "href"),
  fileURLToPath,
  getSystemErrorName,
  isSharedArrayBuffer: types.isSharedArrayBuffer,
  isUint8Array: types.isUint8Array,
  setImmediate,
  /** Undefined in realms that Node.js has not set up, for example those of `vm`. */
  structuredClone: globalThis.structuredClone,

  processOn:
    /** @type {(emitter: NodeJS.Process, name: string, listener: (name: unknown) => void) => void} */ (
      uncurryThis(process.on)
    ),
  process,
  isBun: process.versions.bun !== undefined,
  v8Version: process.versions.v8,
  /** Undefined before Node.js 20.16. */
  getBuiltinModule: process.getBuiltinModule,
};
