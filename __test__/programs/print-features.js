"use strict";

console.log(JSON.stringify(require("../..").features));
