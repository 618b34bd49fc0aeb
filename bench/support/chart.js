"use strict";

// Draws bench/chart.svg: a bar for each question on the newest Node.js, and a ring for each older version. Its
// colours are readable on white and on black, since both are backgrounds of a README.

const { showRatio } = require("./format");

const WIDTH = 840;
const LABELS = 290;
const RATIOS = 64;
const MARGIN = 8;
const TOP = 62;
const ROW = 36;
const BOTTOM = 44;
const BAR = 14;

const GREY = "#7a828c";
const FASTER = "#2f9e63";
const SLOWER = "#d9662b";

// A ratio closer to 1 than this is neither faster nor slower.
const NOISE = 0.05;

/** @param results of several versions of Node.js, the newest last */
function drawChart(results) {
  const own = results.filter(({ forced }) => !forced);
  const newest = own.at(-1);
  const older = own.slice(0, -1);
  const rows = Object.entries(newest.questions)
    .filter(([, { charted, against, ratios }]) => charted && ratios[against] > 0)
    .map(([name, question]) => ({ ...question, rings: ringsOf(older, name) }));

  const scale = makeScale(
    rows.flatMap(({ against, ratios, rings }) => [ratios[against], ...rings]),
  );
  const height = TOP + rows.length * ROW + BOTTOM;
  const bottom = height - BOTTOM;

  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" font-family="system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif" font-size="13" fill="${GREY}" role="img">`,
    `<title>How many times better linear-memory is than what it is compared with</title>`,
    text(MARGIN, 18, "How many times better than its peer", {
      "font-weight": 600,
      "font-size": 15,
    }),
    ...scale.ticks.map((ratio) => drawTick(scale(ratio), bottom, ratio)),
    ...rows.map((row, i) => drawRow(row, TOP + i * ROW, scale)),
    text(MARGIN, height - 14, legend(newest, older), { "font-size": 12 }),
    `</svg>`,
    ``,
  ].join("\n");
}

function ringsOf(results, name) {
  return results
    .map(({ questions }) => questions[name])
    .map((question) => question?.ratios[question.against])
    .filter((ratio) => ratio > 0);
}

/** Returns a function from ratios to x, with ticks at powers of ten around all ratios. */
function makeScale(ratios) {
  const low = Math.floor(Math.log10(Math.min(1 / 2, ...ratios)));
  const high = Math.ceil(Math.log10(Math.max(2, ...ratios)));
  const width = WIDTH - LABELS - RATIOS - 20;
  const scale = (ratio) => LABELS + 10 + ((Math.log10(ratio) - low) / (high - low)) * width;
  scale.ticks = Array.from({ length: high - low + 1 }, (_, i) => 10 ** (low + i));
  return scale;
}

function drawTick(x, bottom, ratio) {
  const one = ratio === 1;
  const label = one
    ? "1× the same"
    : `${ratio < 1 ? ratio.toFixed(-Math.log10(ratio)) : ratio.toLocaleString("en")}×`;
  return [
    `<line x1="${round(x)}" x2="${round(x)}" y1="${TOP - 12}" y2="${bottom}" stroke="${GREY}" stroke-width="${one ? 1.5 : 0.5}" stroke-opacity="${one ? 1 : 0.6}"/>`,
    text(x, TOP - 20, label, { "text-anchor": "middle", "font-size": 11 }),
  ].join("\n");
}

function drawRow({ title, against, ratios, rings }, top, scale) {
  const ratio = ratios[against];
  const middle = top + ROW / 2;
  const colour = Math.abs(ratio - 1) <= NOISE ? GREY : ratio > 1 ? FASTER : SLOWER;
  const [left, right] = [scale(1), scale(ratio)].sort((a, b) => a - b);
  return [
    text(LABELS, middle - 2, title, { "text-anchor": "end" }),
    text(LABELS, middle + 12, `against ${against}`, { "text-anchor": "end", "font-size": 10.5 }),
    `<rect x="${round(left)}" y="${middle - BAR / 2}" width="${round(Math.max(right - left, 2))}" height="${BAR}" rx="2" fill="${colour}"/>`,
    ...rings.map(
      (ring) =>
        `<circle cx="${round(scale(ring))}" cy="${middle}" r="3.5" fill="none" stroke="${GREY}" stroke-width="1.5"/>`,
    ),
    text(WIDTH - MARGIN, middle + 4, showRatio(ratio), {
      "text-anchor": "end",
      "font-weight": 600,
      fill: colour,
    }),
  ].join("\n");
}

function legend(newest, older) {
  const rings = older.length === 0 ? "" : ` Rings: ${older.map(({ node }) => node).join(", ")}.`;
  return `Bars: Node.js ${newest.node}.${rings} ${newest.cpu}, ${newest.date}.`;
}

function text(x, y, content, attributes = {}) {
  const list = Object.entries(attributes).map(([name, value]) => ` ${name}="${value}"`);
  return `<text x="${round(x)}" y="${y}"${list.join("")}>${escape(content)}</text>`;
}

function escape(content) {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

function round(number) {
  return Math.round(number * 10) / 10;
}

module.exports = { drawChart };
