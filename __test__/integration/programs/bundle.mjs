// Bundles modules with rolldown, as built for wasm32-wasi: its glue makes a shared memory and starts
// workers with it. The modules come from a plugin, so that threads ask this one for every file.
// Argument: where rolldown is.

const [, , entry] = process.argv;

const MODULES = 60;

const { rolldown } = await import(entry);

/** Of a ring of modules in TypeScript, each with a name that others have too. */
function source(number) {
  const next = (number + 1) % MODULES;
  return `
    import { step as next } from "module:${next}";
    import { join } from "module:join";
    enum Kind { Even, Odd = 1 }
    const unused: string = "dropped ${number}";
    export class Step<T> { constructor(readonly value: T) {} }
    const kind = (${number} % 2) as Kind;
    export function step(left: number): string {
      if (left <= 0) return \`\${Kind[kind]} \${new Step(${number}).value}\`;
      return join(${number}, next(left - 1));
    }`;
}

const modules = {
  name: "modules",
  resolveId: (id) => (id.startsWith("module:") ? id : null),
  load(id) {
    const name = id.replace("module:", "");
    if (name === "main") {
      return {
        code: 'import { step } from "module:0";\nexport const answer: string = step(100);',
        moduleType: "ts",
      };
    }
    if (name === "join") {
      return { code: "export const join = (a, b) => `${a},${b}`;", moduleType: "js" };
    }
    return { code: source(Number(name)), moduleType: "ts" };
  },
};

for (const minify of [false, true]) {
  const bundle = await rolldown({ input: "module:main", plugins: [modules] });
  const { output } = await bundle.generate({ format: "cjs", minify, sourcemap: true });
  await bundle.close();
  process.emit("checkpoint");
  for (const chunk of output) console.log(JSON.stringify(chunk.code ?? chunk.source));
}
