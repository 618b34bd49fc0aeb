"use strict";

// Prints whether WebAssembly.Memory is ours in a worker that was started without more ado.

const { Worker, isMainThread } = require("node:worker_threads");

if (isMainThread) new Worker(__filename);
else console.log(WebAssembly.Memory === require("../..").Memory);
