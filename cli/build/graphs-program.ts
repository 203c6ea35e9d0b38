/**
 * The program that wrangler runs before it bundles the Worker, and again when a file of a graph changes:
 *
 *   node graphs-program.js [--config langgraph.json] [--out .edgecron/graphs.ts]
 *
 * Exit code 1 and a message for each graph on stderr when something is wrong. With EDGECRON_KEEP_GOING=1, as `edgecron dev` sets
 * it, a graph that is wrong stands for its own error, and the others are served. EDGECRON_NOT_LOADED tells, in JSON, which
 * graphs the Worker could not load. EDGECRON_STAND_INS names, in a JSON array, the missing imports for which wrangler was
 * given stand-ins.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { type Declarations, readDeclarations } from "../crons/declaration-file.js";
import { DeclarationError } from "../crons/declarations.js";
import { declarationLine } from "../crons/plan-text.js";
import { processTerminal } from "../crons/terminal.js";
import { buildGraphs, GraphConfigError, type NotLoaded } from "./build-graphs.js";
import { stateOf, writeReport } from "./build-report.js";
import { messageOf, replaceExit, stackOf } from "./graph-module.js";
import type { FoundGraph } from "./graphs-config.js";

const end = process.exit.bind(process);
replaceExit((code) => {
  throw new Error(`process.exit(${code ?? ""})`);
});
try {
  await main();
  // A graph's module may have left a timer or socket open; the work here is done.
  end(0);
} catch (error) {
  console.error(error instanceof GraphConfigError ? error.message : error);
  end(1);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { config: { type: "string" }, out: { type: "string", default: ".edgecron/graphs.ts" } },
  });
  const keepGoing = process.env["EDGECRON_KEEP_GOING"] === "1";
  const standIns = JSON.parse(process.env["EDGECRON_STAND_INS"] ?? "[]") as string[];
  const notLoaded = JSON.parse(process.env["EDGECRON_NOT_LOADED"] ?? "{}") as NotLoaded;
  const late = noteLateFailures();
  // `edgecron dev` says what it waits for when a build takes long.
  const onGraph = ({ id, path }: FoundGraph, index: number, count: number): void => {
    if (keepGoing) console.log(`Loading graph "${id}" (${path}), ${index + 1} of ${count}`);
  };
  const onTypes = (graphs: readonly FoundGraph[]): void => {
    const ids = graphs.map(({ id }) => `"${id}"`).join(", ");
    if (keepGoing) console.log(`Reading the types of ${graphs.length === 1 ? "graph" : "graphs"} ${ids}`);
  };
  const built = await buildGraphs({ ...values, keepGoing, standIns, notLoaded, onGraph, onTypes }).catch(
    async (error: unknown) => {
      if (error instanceof GraphConfigError) await writeReport(values.out, { failure: error.message });
      throw error;
    },
  );
  const { graphIds, errors, filesOf, importedAtLoad } = built;
  // `edgecron dev` looks at the declared crons itself, and goes on when one is wrong.
  const { crons, notes: cronNotes } = keepGoing
    ? { crons: [], notes: [] }
    : declaredCrons(values.config, graphIds);
  const notes = [...built.notes, ...cronNotes, ...late];
  const states = [...filesOf].map(([id, files]) => [id, stateOf(files)] as const);
  const terminal = processTerminal();
  const lines = crons.map((declaration) => declarationLine(terminal, declaration));
  await writeReport(values.out, {
    notes,
    crons: lines,
    graphIds,
    errors,
    filesOf: Object.fromEntries(filesOf),
    importedAtLoad: Object.fromEntries(importedAtLoad),
    states: Object.fromEntries(states),
  });
  console.log(`Graphs: ${graphIds.join(", ")}`);
  for (const line of lines) console.log(line);
  // `edgecron dev` tells these itself, once.
  if (!keepGoing) for (const note of notes) console.warn(`Note: ${note}`);
  for (const message of errors) console.error(message);
}

/** @throws GraphConfigError when a declaration is wrong */
function declaredCrons(
  config: string | undefined,
  graphIds: readonly string[],
): Pick<Declarations, "crons" | "notes"> {
  try {
    return readDeclarations(resolve(config ?? "langgraph.json"), graphIds);
  } catch (error) {
    if (error instanceof DeclarationError) throw new GraphConfigError(error.message);
    throw error;
  }
}

/** What a module began while it was loaded may fail when it has long been loaded: that is no reason to end here. */
function noteLateFailures(): string[] {
  const notes: string[] = [];
  const add = (error: unknown): void => {
    notes.push(
      `something that a graph's module began when it was loaded has failed: ${messageOf(error)}${stackOf(error)}`,
    );
  };
  process.on("unhandledRejection", add);
  process.on("uncaughtException", add);
  return notes;
}
