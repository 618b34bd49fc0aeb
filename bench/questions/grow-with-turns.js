"use strict";

const { growQuestion } = require("../support/grow");

module.exports = growQuestion({
  title: "Grow by a page, with turns between",
  explanation: "The same, with a turn of the event loop after every 100 pages.",
  turnEvery: 100,
});
