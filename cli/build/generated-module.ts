/** Writes the module that imports the graphs; the Worker is bundled with it. */
import { basename, relative } from "node:path";
import type { ConfiguredGraph, FoundGraph, GraphConfigError } from "./graphs-config.js";

/** Before the JSON that the Worker logs when it begins to load a graph. */
export const LOADING = "edgecron: loading ";

/**
 * An import that logs which graph the Worker loads next, or that it has loaded all. `edgecron dev` reads it: when the
 * Worker throws while it is loaded, the graph that was logged last is the one that threw.
 */
function loadingMark(graph: { id?: string; message?: string }): string {
  const code = `console.log(${JSON.stringify(LOADING + JSON.stringify(graph))})`;
  return `import ${JSON.stringify(`data:text/javascript,${encodeURIComponent(code)}`)};`;
}

export interface GeneratedModule {
  readonly graphs: readonly ConfiguredGraph[];
  /** The project's `Auth`. */
  readonly auth: FoundGraph | undefined;
  /** The project's own Hono app. */
  readonly app: FoundGraph | undefined;
  readonly settings: Readonly<Record<string, unknown>>;
  /** By graph id, by path of the subgraph. */
  readonly schemas: unknown;
  /** The module that offers the packages of models. */
  readonly offers: string | undefined;
  /** By graph id, what is wrong with it. */
  readonly errors: ReadonlyMap<string, GraphConfigError>;
  /** Log which graph is loaded, for `edgecron dev`. */
  readonly keepGoing: boolean;
  /** Where the module will be. */
  readonly outDir: string;
}

/** The text of the generated module. */
export function generate(module: GeneratedModule): string {
  const { graphs, auth, app, settings, schemas, offers, errors, keepGoing, outDir } = module;
  const lines = [
    "// Made by edgecron from langgraph.json. Do not edit.",
    // A graph may be written in plain JavaScript, which has no types to check here.
    "// @ts-nocheck",
    ...(offers === undefined ? [] : [`import ${JSON.stringify(`./${basename(offers)}`)};`]),
  ];
  const importAs = (name: string, { file, exportName }: FoundGraph): string => {
    const relativePath = relative(outDir, file).replaceAll("\\", "/");
    const specifier = JSON.stringify(relativePath.startsWith(".") ? relativePath : `./${relativePath}`);
    const exported = /^[A-Za-z_$][\w$]*$/.test(exportName) ? exportName : JSON.stringify(exportName);
    return `import { ${exported} as ${name} } from ${specifier};`;
  };
  // Before the first graph is logged: no graph is to blame when it throws in the Worker, and nothing is served then.
  if (auth !== undefined) lines.push(importAs("auth", auth));
  graphs.forEach((graph, index) => {
    if (errors.has(graph.id) || graph.fault !== undefined) return;
    const { id, path, error } = graph;
    if (keepGoing) {
      const { message } = error(`${path} threw while it was loaded in the Worker`);
      lines.push(loadingMark({ id, message }));
    }
    lines.push(importAs(`g${index}`, graph));
  });
  if (keepGoing) lines.push(loadingMark({}));
  // After the graphs, which no app is to blame for. When it throws in the Worker, nothing is served.
  if (app !== undefined) lines.push(importAs("app", app));
  lines.push("", "export const graphs = {");
  graphs.forEach(({ id }, index) => {
    const error = errors.get(id);
    // A function that makes a graph may throw, and then its runs end with what it threw.
    const failing = error && `() => { throw new Error(${JSON.stringify(error.message)}); }`;
    lines.push(`  ${JSON.stringify(id)}: ${failing ?? `g${index}`},`);
  });
  const sections = JSON.stringify(settings, null, 2);
  const more = [...(auth === undefined ? [] : ["auth"]), ...(app === undefined ? [] : ["app"])];
  lines.push(
    "};",
    "",
    `export const settings = ${more.length === 0 ? sections : `{ ...${sections}, ${more.join(", ")} }`};`,
  );
  lines.push("", "// Of graphs whose schemas only their types tell; by graph id, by path of the subgraph.");
  lines.push(`export const schemas = ${JSON.stringify(schemas)};`, "");
  return lines.join("\n");
}
