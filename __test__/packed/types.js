"use strict";

// The types of the packed package, compiled with programs of users.

const fs = require("node:fs");
const os = require("node:os");
const path = require("node:path");

const root = path.join(__dirname, "..", "..");
const packed = path.join(root, "target", "package", "main");
const programs = path.join(__dirname, "types");

const versions = ["typescript-5.4", "typescript-5.9", "typescript"];
const resolutions = [
  { moduleResolution: "node16", module: "node16" },
  { moduleResolution: "bundler", module: "esnext" },
];
const libraries = [
  { lib: ["es2022"], types: [] },
  { lib: ["es2022"], types: ["node"] },
  { lib: ["es2022", "dom"], types: [] },
  { lib: ["es2022", "dom"], types: ["node"] },
  { lib: ["esnext", "dom"], types: [] },
];

let project;

beforeAll(() => {
  project = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "linear-memory-")));
  const modules = path.join(project, "node_modules");
  fs.cpSync(packed, path.join(modules, "linear-memory"), {
    recursive: true,
    filter: (file) => !file.endsWith(".node"),
  });
  for (const name of ["@types/node", "undici-types"])
    fs.cpSync(path.join(root, "node_modules", name), path.join(modules, name), { recursive: true });
  for (const [name, type] of [
    ["module", "module"],
    ["commonjs", "commonjs"],
  ]) {
    fs.cpSync(programs, path.join(project, name), { recursive: true });
    fs.writeFileSync(path.join(project, name, "package.json"), JSON.stringify({ type }));
  }
});

afterAll(() => fs.rmSync(project, { recursive: true }));

/** Returns the programs that compile with these libraries. */
function programsFor({ lib, types }) {
  const hasDom = lib.includes("dom");
  const hasUrl = hasDom || types.includes("node");
  return ["any-library.ts", ...(hasUrl ? ["url.ts"] : []), ...(hasDom ? ["webassembly.ts"] : [])];
}

/** Compiles programs, and returns the diagnostics for them and for the package. */
function compile(typescript, kind, names, options) {
  const config = {
    compilerOptions: {
      ...options,
      target: "es2022",
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      // For `import all from` in a CommonJS module.
      esModuleInterop: true,
    },
    files: names,
  };
  const folder = path.join(project, kind);
  const parsed = typescript.parseJsonConfigFileContent(config, typescript.sys, folder);
  const host = typescript.createCompilerHost(parsed.options);
  const cache = (caches[typescript.version] ??= new Map());
  const read = host.getSourceFile;
  host.getSourceFile = (file, how, ...rest) => {
    // Only the libraries are the same in every run: other files can be parsed as another kind of module.
    if (!file.includes("/lib.")) return read.call(host, file, how, ...rest);
    if (!cache.has(file)) cache.set(file, read.call(host, file, how, ...rest));
    return cache.get(file);
  };
  host.getCurrentDirectory = () => folder;
  const program = typescript.createProgram(parsed.fileNames, parsed.options, host);
  // Without the libraries, which take most of the time.
  const files = program.getSourceFiles().filter(({ fileName }) => isOfProject(fileName));
  return [
    ...parsed.errors,
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...files.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ].map(({ file, start, messageText }) => {
    const line = file && file.getLineAndCharacterOfPosition(start).line + 1;
    const name = file && path.relative(project, file.fileName);
    return `${name}:${line}: ${typescript.flattenDiagnosticMessageText(messageText, "\n")}`;
  });
}

const caches = {};

function isOfProject(file) {
  const name = path.relative(project, file).replaceAll(path.sep, "/");
  return !name.startsWith("..") && !/^node_modules\/(?!linear-memory\/)/.test(name);
}

const describeLibraries = ({ lib, types }) => [...lib, ...types.map((name) => `@types/${name}`)];

describe.each(versions)("%s:", (version) => {
  const typescript = require(version);

  const cases = resolutions.flatMap((resolution) =>
    libraries.map((library) => [
      resolution.moduleResolution,
      describeLibraries(library).join(" and "),
      { ...resolution, ...library },
    ]),
  );

  test.each(cases)("programs compile with %s, %s", (_resolution, _library, options) => {
    expect(compile(typescript, "module", programsFor(options), options)).toEqual([]);
  });

  test("CommonJS programs compile", () => {
    const options = { ...resolutions[0], ...libraries[2] };
    expect(compile(typescript, "commonjs", programsFor(options), options)).toEqual([]);
  });

  test.each(resolutions)("a program that registers compiles with %j", (resolution) => {
    const options = { ...resolution, ...libraries[2] };
    expect(compile(typescript, "module", ["registered.ts"], options)).toEqual([]);
  });

  test("a program for `--require linear-memory/register` compiles with its types in `types`", () => {
    const options = { ...resolutions[0], ...libraries[2], types: ["linear-memory/register"] };
    fs.writeFileSync(
      path.join(project, "module", "preloaded.ts"),
      `import { Memory } from "linear-memory";
      export const mem: WebAssembly.ImportValue = new Memory({ initial: 1 });`,
    );
    expect(compile(typescript, "module", ["preloaded.ts"], options)).toEqual([]);
  });
});
