/** Writes the module that imports the graphs; the Worker is bundled with it. */
import { basename, relative } from "node:path";

/** Before the JSON that the Worker logs of a graph that it could not load. */
export const NOT_LOADED = "edgecron: a graph was not loaded: ";

/** In the generated module: a graph that throws while the Worker loads it. scripts/dev-server.mjs reads what is logged. */
const LOADED = `
async function loaded(id, exportName, message, load) {
  try {
    return await load();
  } catch (error) {
    console.error("${NOT_LOADED}" + JSON.stringify({ id, message, reason: String(error), stack: String(error?.stack) }));
    return { [exportName]: () => { throw new Error(message + ": " + error, { cause: error }); } };
  }
}
`;

/**
 * The text of the generated module.
 * @param keepGoing import each graph by itself, so that one that throws does not stop the others. It costs what is shared
 *   between them some speed at the start, so it is for `npm run dev`.
 */
export function generate({ graphs, settings, schemas, offers, errors, keepGoing, outDir }) {
  const lines = [
    "// Made by scripts/build-graphs.mjs from langgraph.json. Do not edit.",
    // A graph may be written in plain JavaScript, which has no types to check here.
    "// @ts-nocheck",
    ...(offers === undefined ? [] : [`import ${JSON.stringify(`./${basename(offers)}`)};`]),
    ...(keepGoing ? [LOADED] : []),
  ];
  graphs.forEach(({ id, path, file, exportName, error }, index) => {
    if (errors.has(id)) return;
    const relativePath = relative(outDir, file).replaceAll("\\", "/");
    const specifier = JSON.stringify(relativePath.startsWith(".") ? relativePath : `./${relativePath}`);
    const name = /^[A-Za-z_$][\w$]*$/.test(exportName) ? exportName : JSON.stringify(exportName);
    if (!keepGoing) return lines.push(`import { ${name} as g${index} } from ${specifier};`);
    const { message } = error(`${path} threw while it was loaded in the Worker`);
    const texts = [id, exportName, message].map((text) => JSON.stringify(text)).join(", ");
    lines.push(`const { ${name}: g${index} } = await loaded(${texts}, () => import(${specifier}));`);
  });
  lines.push("", "export const graphs = {");
  graphs.forEach(({ id }, index) => {
    const error = errors.get(id);
    // A function that makes a graph may throw, and then its runs end with what it threw.
    const failing = error && `() => { throw new Error(${JSON.stringify(error.message)}); }`;
    lines.push(`  ${JSON.stringify(id)}: ${failing ?? `g${index}`},`);
  });
  lines.push("};", "", `export const settings = ${JSON.stringify(settings, null, 2)};`);
  lines.push("", "// Of graphs whose schemas only their types tell; by graph id, by path of the subgraph.");
  lines.push(`export const schemas = ${JSON.stringify(schemas)};`, "");
  return lines.join("\n");
}
