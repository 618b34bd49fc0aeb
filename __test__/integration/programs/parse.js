"use strict";

// Parses JavaScript with tree-sitter: its glue is emscripten's, and passes one memory to two modules,
// the parser and a grammar.

const { createHash } = require("node:crypto");

const { Parser, Language, Query } = require("@vscode/tree-sitter-wasm");

const FUNCTIONS = 4_000;

const source = Array.from(
  { length: FUNCTIONS },
  (_, index) => `
/** Of ${index}. */
async function f${index}(a, { b = ${index} }, ...rest) {
  for (const [key, value] of Object.entries(a ?? {})) {
    if (value > ${index % 7} && !rest.includes(key)) b += \`\${key}: \${await value}\`.length;
  }
  return b ** 2;
}`,
).join("\n");

const sha256 = (text) => createHash("sha256").update(text).digest("hex");

async function main() {
  const wasmMemory = new WebAssembly.Memory({ initial: 512, maximum: 32_768 });
  await Parser.init({ wasmMemory });
  const grammar = require.resolve("@vscode/tree-sitter-wasm/wasm/tree-sitter-javascript.wasm");
  const language = await Language.load(grammar);
  const parser = new Parser();
  parser.setLanguage(language);

  console.log(parser.parse("let a = 1;").rootNode.toString());
  console.log(parser.parse("let = = 1;").rootNode.hasError);

  const tree = parser.parse(source);
  process.emit("checkpoint");
  const { rootNode } = tree;
  console.log(rootNode.hasError, rootNode.descendantCount, rootNode.endPosition);
  console.log(sha256(rootNode.child(FUNCTIONS).toString()));

  const query = new Query(language, "(function_declaration name: (identifier) @name)");
  const names = query.captures(rootNode).map(({ node }) => node.text);
  console.log(names.length, names.at(-1), sha256(names.join()));

  // A changed name, parsed with the help of the tree before and without it.
  const at = source.indexOf("f777(");
  const edited = source.replace("f777(", "renamed(");
  const row = source.slice(0, at).split("\n").length - 1;
  const column = at - source.lastIndexOf("\n", at) - 1;
  tree.edit({
    startIndex: at,
    oldEndIndex: at + "f777".length,
    newEndIndex: at + "renamed".length,
    startPosition: { row, column },
    oldEndPosition: { row, column: column + "f777".length },
    newEndPosition: { row, column: column + "renamed".length },
  });
  const again = parser.parse(edited, tree).rootNode;
  const afresh = parser.parse(edited).rootNode;
  process.emit("checkpoint");
  console.log(again.descendantCount === afresh.descendantCount, again.hasError);
  console.log(again.descendantForIndex(at).text);
}

main();
