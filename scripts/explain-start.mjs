/** Why the server did not start, from what wrangler and workerd printed: the reason, the file, and the graphs that it is part of. */
import { SourceMap } from "node:module";
import { relative, resolve } from "node:path";

const MAX_FRAMES = 5;

/**
 * @param {{ failure?: string, errors?: string[], filesOf?: Record<string, string[]> }} report of the build
 * @param {string[]} lines that were printed
 * @param {string} root the folder that paths are relative to
 * @param {{ dir: string, map: object } | null} sourceMap of the bundle, and the folder that its paths are relative to
 * @returns {string | undefined} undefined when nothing printed tells
 */
export function explainStart({ failure, errors = [], filesOf = {} }, lines, root, sourceMap = null) {
  if (failure !== undefined) return failure;
  const text = lines
    .map((line) => line.replace(/\u001b\[[0-9;]*m/g, "").replace("[wrangler:error] ", ""))
    .map((line) => inSource(line, root, sourceMap));
  const at = text.findIndex(
    (line) => /\bUncaught\b|\[ERROR\]|No such module|Build failed/.test(line) && !/^\s*$/.test(line),
  );
  if (at === -1) return undefined;
  const reason = text[at]
    .replace(/^.*?(?=Uncaught|\[ERROR\]|No such module|Build failed)/, "")
    .replace(/^\[ERROR\] /, "");
  const details = text
    .slice(at + 1)
    .filter((line) => line.trim() !== "")
    .slice(0, 20);
  const frames = details.filter((line) => /^\s*at /.test(line)).slice(0, MAX_FRAMES);
  const shown = frames.length > 0 ? frames : details.slice(0, MAX_FRAMES);
  const files = [
    ...text
      .slice(at, at + 30)
      .join("\n")
      .matchAll(/(?:file:\/\/)?((?:[A-Za-z]:)?[\w@./\\-]+\.[cm]?[jt]sx?)\b/g),
  ];
  const named = files.map(([, file]) => resolve(root, file));
  const graphs = Object.entries(filesOf).filter(([, inputs]) => named.some((file) => inputs.includes(file)));
  const first = named.find((file) => graphs.some(([, inputs]) => inputs.includes(file)));
  const where =
    first === undefined
      ? []
      : [
          `  It is in ${placeOf(root, first)}, which is part of: ${graphs.map(([id]) => `graph "${id}"`).join(", ")}.`,
        ];
  return [`The server could not start: ${reason}`, ...shown, ...where, ...errors].join("\n");
}

/** A line of a stack with the place in the source, in place of that in the bundle. */
export function inSource(line, root, sourceMap) {
  if (sourceMap === null) return line;
  return line.replace(/\bindex\.js:(\d+):(\d+)/, (place, row, column) => {
    const entry = new SourceMap(sourceMap.map).findEntry(Number(row) - 1, Number(column) - 1);
    if (entry.originalSource === undefined) return place;
    const file = resolve(sourceMap.dir, entry.originalSource.replace(/^file:\/\//, ""));
    return `${relative(root, file)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}

function placeOf(root, file) {
  const path = relative(root, file).replaceAll("\\", "/");
  const [, name] = /.*node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path) ?? [];
  return name === undefined ? `./${path}` : `the package ${name} (${path})`;
}
