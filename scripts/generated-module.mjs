/** Writes the module that imports the graphs; the Worker is bundled with it. */
import { basename, relative } from "node:path";

/** Before the JSON that the Worker logs when it begins to load a graph. */
export const LOADING = "edgecron: loading ";

/**
 * An import that logs which graph the Worker loads next, or that it has loaded all. scripts/dev-server.mjs reads it: when the
 * Worker throws while it is loaded, the graph that was logged last is the one that threw.
 */
function loadingMark(graph) {
  const code = `console.log(${JSON.stringify(LOADING + JSON.stringify(graph))})`;
  return `import ${JSON.stringify(`data:text/javascript,${encodeURIComponent(code)}`)};`;
}

/**
 * The text of the generated module.
 * @param keepGoing log which graph is loaded, for `npm run dev`
 */
export function generate({ graphs, settings, schemas, offers, errors, keepGoing, outDir }) {
  const lines = [
    "// Made by scripts/build-graphs.mjs from langgraph.json. Do not edit.",
    // A graph may be written in plain JavaScript, which has no types to check here.
    "// @ts-nocheck",
    ...(offers === undefined ? [] : [`import ${JSON.stringify(`./${basename(offers)}`)};`]),
  ];
  graphs.forEach(({ id, path, file, exportName, error }, index) => {
    if (errors.has(id)) return;
    const relativePath = relative(outDir, file).replaceAll("\\", "/");
    const specifier = JSON.stringify(relativePath.startsWith(".") ? relativePath : `./${relativePath}`);
    const name = /^[A-Za-z_$][\w$]*$/.test(exportName) ? exportName : JSON.stringify(exportName);
    if (keepGoing) {
      const { message } = error(`${path} threw while it was loaded in the Worker`);
      lines.push(loadingMark({ id, message }));
    }
    lines.push(`import { ${name} as g${index} } from ${specifier};`);
  });
  if (keepGoing) lines.push(loadingMark({}));
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
