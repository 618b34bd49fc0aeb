"use strict";

const { MIB } = require("./peers");

const TIMES = [
  { unit: "ns", nanoseconds: 1 },
  { unit: "µs", nanoseconds: 1e3 },
  { unit: "ms", nanoseconds: 1e6 },
  { unit: "s", nanoseconds: 1e9 },
];

/** Formats a figure of a unit for people. */
function showFigure(figure, unit) {
  if (figure === undefined) return "–";
  if (unit === "bytes") return `${digits(figure / MIB)} MiB`;
  if (unit !== "ns") return figure.toLocaleString("en");
  const time = TIMES.findLast(({ nanoseconds }) => figure >= nanoseconds) ?? TIMES[0];
  return `${digits(figure / time.nanoseconds)} ${time.unit}`;
}

function showRatio(ratio) {
  return ratio === undefined || Number.isNaN(ratio) ? "–" : `${digits(ratio)}×`;
}

/** Formats a number with three digits if there is a fraction, and with all digits otherwise. */
function digits(number) {
  return number >= 100 ? Math.round(number).toLocaleString("en") : number.toPrecision(3);
}

module.exports = { showFigure, showRatio };
