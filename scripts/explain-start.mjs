/** Why the server did not start, from what wrangler and workerd printed: the reason, the file, and the graphs that it is part of. */
import { SourceMap } from "node:module";
import { relative, resolve } from "node:path";

const MAX_FRAMES = 5;
const REASON = /\bUncaught\b|\[ERROR\]|No such module|Build failed/;

/**
 * @param {import("./build-report.d.mts").BuildReport} report of the build
 * @param {string[]} lines that were printed
 * @param {string} root the folder that paths are relative to
 * @param {{ dir: string, map: object } | null} sourceMap of the bundle, and the folder that its paths are relative to
 * @returns {string | undefined} undefined when nothing printed tells
 */
export function explainStart({ failure, errors = [], filesOf = {} }, lines, root, sourceMap = null) {
  if (failure !== undefined) return failure;
  const found = failureIn(lines, root, sourceMap);
  if (found === undefined) return undefined;
  const { reason, details, text } = found;
  const named = [...text.matchAll(/(?:file:\/\/)?((?:[A-Za-z]:)?[\w@./\\-]+\.[cm]?[jt]sx?)\b/g)].map(
    ([, file]) => resolve(root, file),
  );
  const graphs = Object.entries(filesOf).filter(([, inputs]) => named.some((file) => inputs.includes(file)));
  const first = named.find((file) => graphs.some(([, inputs]) => inputs.includes(file)));
  const where =
    first === undefined
      ? []
      : [
          `  It is in ${placeOf(root, first)}, which is part of: ${graphs.map(([id]) => `graph "${id}"`).join(", ")}.`,
        ];
  return [`The server could not start: ${reason}`, ...details, ...where, ...errors].join("\n");
}

/**
 * What the Worker threw when it was loaded: the reason and, line by line, the places in the source.
 * @returns {string | undefined} undefined when it did not throw
 */
export function whatWasThrown(lines, root, sourceMap) {
  const { reason, details } = failureIn(lines, root, sourceMap) ?? {};
  if (!reason?.startsWith("Uncaught ")) return undefined;
  const frames = details.filter((line) => /^\s*at /.test(line) && !/\bindex\.js:|\.edgecron\//.test(line));
  return [reason.replace("Uncaught ", ""), ...frames].join("\n");
}

/** The first failure that was printed, the lines that belong to it, and the text around it. */
function failureIn(lines, root, sourceMap) {
  const text = lines
    .map((line) => line.replace(/\u001b\[[0-9;]*m/g, "").replace("[wrangler:error] ", ""))
    .map((line) => inSource(line, root, sourceMap));
  const at = text.findIndex((line) => REASON.test(line) && !/^\s*$/.test(line));
  if (at === -1) return undefined;
  const reason = text[at]
    .replace(/^.*\[ERROR\] /, "")
    .replace(/^.*?(?=Uncaught|No such module|Build failed)/, "");
  const after = text
    .slice(at + 1)
    .filter((line) => line.trim() !== "")
    .slice(0, 20);
  const frames = after.filter((line) => /^\s*at /.test(line));
  const details = (frames.length > 0 ? frames : after).slice(0, MAX_FRAMES);
  return { reason, details, text: text.slice(at, at + 30).join("\n") };
}

/** A line of a stack with the place in the source, in place of that in the bundle. */
function inSource(line, root, sourceMap) {
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
