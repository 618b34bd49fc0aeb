"use strict";

module.exports = require("./lib/register/register").register();
