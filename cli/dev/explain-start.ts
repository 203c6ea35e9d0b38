/** Why the server did not start, from what wrangler and workerd printed: the reason, the file, and the graphs that it is part of. */
import { SourceMap, type SourceMapPayload } from "node:module";
import { relative, resolve } from "node:path";
import type { BuildReport } from "../build/build-report.js";
import { packageOf, placeOf } from "../build/place.js";

const MAX_FRAMES = 5;
/** What follows a reason and says nothing of it: wrangler's help and its log file, and the end of its bundler. */
const AFTERWARDS = /^wrangler dev\b|^.{0,3} ?Logs were written to |^fatal error: all goroutines are asleep/u;
/** How wrangler begins when it cannot reach bindings that are only at Cloudflare. */
const OF_REMOTE_BINDINGS =
  /^.*(?:Failed to start the remote proxy session[.,] (?:Error reloading remote server: )?|bindings that need to run remotely, even when developing locally, but )/;
const REASON = /\bUncaught\b|\[ERROR\]|No such module|Build failed/;

/** The source map of the bundle, and the folder that its paths are relative to. */
export interface BundleMap {
  readonly dir: string;
  readonly map: object;
}

/**
 * @param report of the build
 * @param lines that were printed
 * @param root the folder that paths are relative to
 * @returns undefined when nothing printed tells
 */
export function explainStart(
  { failure, notes = [], errors = [], filesOf = {}, graphIds = [] }: BuildReport,
  lines: readonly string[],
  root: string,
  sourceMap: BundleMap | null = null,
): string | undefined {
  if (failure !== undefined) return failure;
  const found = failureIn(lines, root, sourceMap);
  if (found === undefined) return undefined;
  const { reason, details, text } = found;
  const named = [...text.matchAll(/(?:file:\/\/)?((?:[A-Za-z]:)?[\w@./\\-]+\.[cm]?[jt]sx?)\b/g)].map(
    ([, file = ""]) => resolve(root, file),
  );
  const graphs = Object.entries(filesOf).filter(([, inputs]) => named.some((file) => inputs.includes(file)));
  const first = named.find((file) => graphs.some(([, inputs]) => inputs.includes(file)));
  const where =
    first === undefined
      ? []
      : [
          `  It is in ${placeOf(root, { file: first })}, which is part of: ${graphs.map(([id]) => (graphIds.includes(id) ? `graph "${id}"` : id)).join(", ")}.`,
        ];
  const packages = new Set(named.flatMap((file) => packageOf(file.replaceAll("\\", "/")) ?? []));
  const hints = notes.filter((note) => packages.has(/^the package (\S+) /.exec(note)?.[1] ?? ""));
  return [
    `The server could not start: ${reason}`,
    ...details,
    ...where,
    ...hints.map((hint) => `  Note: ${hint}`),
    ...errors,
  ].join("\n");
}

/**
 * What the Worker threw when it was loaded: the reason and, line by line, the places in the source.
 * @param lines that wrangler printed
 * @param root the folder that paths are relative to
 * @returns undefined when it did not throw
 */
export function whatWasThrown(
  lines: readonly string[],
  root: string,
  sourceMap: BundleMap | null,
): string | undefined {
  const { reason = "", details = [] } = failureIn(lines, root, sourceMap) ?? {};
  if (!reason.startsWith("Uncaught ")) return undefined;
  const frames = details.filter((line) => /^\s*at /.test(line) && !/\bindex\.js:|\.edgecron\//.test(line));
  return [reason.replace("Uncaught ", ""), ...frames].join("\n");
}

/**
 * The absolute files of the modules that were being executed when the Worker threw: whatever imports one of them throws, too. A frame is of a
 * module itself when it has the name of the file, as esbuild calls the function around a module, or when it is the outermost and has no name.
 * @param lines that wrangler printed
 * @param root the folder that paths are relative to
 */
export function modulesThatThrew(
  lines: readonly string[],
  root: string,
  sourceMap: BundleMap | null,
): string[] {
  const text = failureIn(lines, root, sourceMap)?.text.split("\n") ?? [];
  // The message may have several lines.
  const stack = text.slice(text.findIndex((line) => FRAME.test(line)));
  const end = stack.findIndex((line) => line.trim() !== "" && !FRAME.test(line));
  const frames = stack.slice(0, end === -1 ? undefined : end).flatMap((line) => {
    const [, file, name] = FRAME.exec(line) ?? [];
    return file === undefined ? [] : [{ file, name }];
  });
  return frames
    .filter(({ file, name }, index) => {
      // Those of workerd, of the bundle and of what is generated.
      if (/^[\w-]+:|^index\.js$|\.edgecron\//.test(file)) return false;
      const isOutermost = index === frames.length - 1 && frames.length < STACK_LIMIT;
      return name === undefined ? isOutermost : withoutDots(name).endsWith(withoutDots(file));
    })
    .map(({ file }) => resolve(root, file));
}

const FRAME = /^\s*at .*\((.+?):\d+:\d+\)(?: in (.+))?$/;
/** workerd leaves out the outer frames of a stack that has more. */
const STACK_LIMIT = 10;
const withoutDots = (path: string): string => path.replace(/^(?:\.\.?\/)+/, "");

/**
 * Why wrangler cannot reach the bindings that are only at Cloudflare, such as Workers AI.
 * @param lines that wrangler printed
 * @returns undefined when it did not fail for that reason
 */
export function whyNoRemoteBindings(lines: readonly string[]): string | undefined {
  const text = lines.map(plain).find((line) => /\[ERROR\]/.test(line) && OF_REMOTE_BINDINGS.test(line));
  const [sentence] =
    text
      ?.replace(/^.*\[ERROR\] /, "")
      .replace(OF_REMOTE_BINDINGS, "")
      .split(/\. |\.?$/) ?? [];
  return sentence;
}

/** The first failure that was printed, the lines that belong to it, and the text around it. */
function failureIn(
  lines: readonly string[],
  root: string,
  sourceMap: BundleMap | null,
): { reason: string; details: string[]; text: string } | undefined {
  const text = lines.map(plain).map((line) => inSource(line, root, sourceMap));
  const at = text.findIndex((line) => REASON.test(line) && !/^\s*$/.test(line));
  const line = text[at];
  if (line === undefined) return undefined;
  const reason = line
    .replace(/^.*\[ERROR\] /, "")
    .replace(/^.*?(?=Uncaught|No such module|Build failed)/, "");
  const following = text.slice(at + 1).filter((line) => line.trim() !== "");
  const end = following.findIndex((line) => AFTERWARDS.test(line));
  const after = following.slice(0, end === -1 ? 20 : Math.min(end, 20));
  const frames = after.filter((line) => /^\s*at /.test(line));
  const details = (frames.length > 0 ? frames : after).slice(0, MAX_FRAMES);
  return { reason, details, text: text.slice(at, at + 30).join("\n") };
}

/** Without colours. */
const plain = (line: string): string =>
  line.replace(/\u001b\[[0-9;]*m/g, "").replace("[wrangler:error] ", "");

/** A line of a stack with the place in the source, in place of that in the bundle. */
function inSource(line: string, root: string, sourceMap: BundleMap | null): string {
  if (sourceMap === null) return line;
  return line.replace(/\bindex\.js:(\d+):(\d+)/, (place: string, row: string, column: string) => {
    const map = new SourceMap(sourceMap.map as SourceMapPayload);
    const entry = map.findEntry(Number(row) - 1, Number(column) - 1);
    if (!("originalSource" in entry)) return place;
    const file = resolve(sourceMap.dir, entry.originalSource.replace(/^file:\/\//, ""));
    return `${relative(root, file)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
  });
}
