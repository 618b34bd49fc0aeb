// Compiles after linear-memory/register was imported.

import { Memory } from "linear-memory";
import undo from "linear-memory/register";

const imports: WebAssembly.Imports = { js: { mem: new Memory({ initial: 1 }) } };
const standsIn: WebAssembly.Memory = new Memory({ initial: 1 });
const module64: WebAssembly.ModuleImports = { mem: new Memory({ initial: 1 }).toWebAssembly() };
const undone: void = undo();

// @ts-expect-error undo() takes no argument
undo(true);

export { imports, standsIn, module64, undone };
