/**
 * Reads the types of graphs with the TypeScript compiler: what LangGraph infers for a graph's state, input,
 * output and configuration, also where `Annotation.Root` leaves nothing of it at run time.
 */
import { dirname } from "node:path";
import ts from "typescript";
import { subgraphFinder } from "./graph-schemas-subgraphs.mjs";
import { schemaMaker } from "./graph-schemas-types.mjs";

/**
 * @param {{ id: string, file: string, exportName: string }[]} graphs
 * @param {string} projectDir where the search for tsconfig.json begins
 * @returns {{ schemas: Record<string, Record<string, object>>, files: string[] }} by graph id, the schemas of
 *   the graph (`""`) and its subgraphs (`"outer|inner"`); and the project's own files that they follow from
 */
export function readTypes(graphs, projectDir) {
  const program = ts.createProgram({
    rootNames: [...new Set(graphs.map((graph) => graph.file))],
    options: compilerOptions(projectDir),
  });
  const checker = program.getTypeChecker();
  const sources = program.getSourceFiles().filter(({ fileName }) => !fileName.includes("/node_modules/"));
  const toSchema = schemaMaker(checker, sources);
  const schemas = {};
  for (const graph of graphs) {
    const symbol = exportOf(program, graph);
    if (symbol === undefined) continue;
    const found = {};
    const add = (path, type) => {
      const pregel = pregelOf(checker, type);
      if (pregel === undefined) return;
      const parts = partsOf(checker, pregel, toSchema);
      if (Object.keys(parts).length > 0) found[path] = parts;
    };
    add("", checker.getTypeOfSymbol(symbol));
    for (const [path, type] of subgraphFinder(checker).ofSymbol(symbol)) add(path, type);
    if (Object.keys(found).length > 0) schemas[graph.id] = found;
  }
  const files = program
    .getSourceFiles()
    .map((source) => source.fileName)
    .filter((name) => !name.includes("/node_modules/"));
  return { schemas, files };
}

function compilerOptions(projectDir) {
  const path = ts.findConfigFile(projectDir, ts.sys.fileExists, "tsconfig.json");
  const parsed =
    path === undefined
      ? undefined
      : ts.parseJsonConfigFileContent(ts.readConfigFile(path, ts.sys.readFile).config, ts.sys, dirname(path));
  return {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    ...parsed?.options,
    strict: true,
    noEmit: true,
    incremental: false,
    composite: false,
    allowJs: true,
    checkJs: false,
    skipLibCheck: true,
    // Global declarations, of the platform for example, take as long to read as everything else together.
    types: [],
  };
}

function exportOf(program, { file, exportName }) {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find((found) => found.name === exportName);
  if (symbol === undefined) return undefined;
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Unwraps what may stand for a graph: promises, functions, StateGraphs, agents; undefined when none is in it. */
function pregelOf(checker, type, depth = 0) {
  const awaited = checker.getAwaitedType(type) ?? type;
  if (depth > 4 || awaited.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return undefined;
  const member = (name) => {
    const property = checker.getPropertyOfType(awaited, name);
    return property && checker.getTypeOfSymbol(property);
  };
  if (member("lg_is_pregel") !== undefined) return awaited;
  const inner =
    member("graph") ??
    returnTypeOf(member("compile")) ??
    (awaited.getCallSignatures().length > 0 ? returnTypeOf(awaited) : undefined);
  return inner && pregelOf(checker, inner, depth + 1);
}

const returnTypeOf = (type) => type?.getCallSignatures()[0]?.getReturnType();

/** The schemas of a compiled graph; a part that the types leave open is left out. */
function partsOf(checker, pregel, toSchema) {
  const property = (type, name) => {
    const symbol = type && checker.getPropertyOfType(type, name);
    return symbol && checker.getTypeOfSymbol(symbol);
  };
  const types = {
    state: updateTypeOf(checker, pregel),
    input: property(pregel, "~InputType"),
    output: property(pregel, "~OutputType"),
  };
  const parts = configOf(checker, property(property(pregel, "builder"), "_configSchema"), toSchema);
  for (const [part, type] of Object.entries(types)) {
    if (type === undefined) continue;
    const schema = withoutRequired(toSchema(type, part !== "output"));
    if (schema.properties !== undefined || schema.anyOf !== undefined) parts[part] = schema;
  }
  return parts;
}

/** The schema of an annotated configuration, from the types of its channels; nothing when none was declared. */
function configOf(checker, definition, toSchema) {
  const channels = definition === undefined ? [] : checker.getNonNullableType(definition).getProperties();
  const properties = {};
  for (const channel of channels) {
    const type = checker.getTypeOfSymbol(channel);
    const value = checker.getPropertyOfType(returnTypeOf(type) ?? type, "ValueType");
    const description = ts.displayPartsToString(channel.getDocumentationComment(checker)).trim();
    properties[channel.name] = {
      ...(value === undefined ? {} : toSchema(checker.getTypeOfSymbol(value), true)),
      ...(description === "" ? {} : { description }),
    };
  }
  return channels.length === 0 ? {} : { config: { type: "object", properties } };
}

/** What may be written to the state, the second parameter of LangGraph's CompiledStateGraph. */
function updateTypeOf(checker, pregel) {
  if (pregel.symbol?.name !== "CompiledStateGraph" || pregel.target === undefined) return undefined;
  return checker.getTypeArguments(pregel)[1];
}

/** No key of an annotated state has to be there: a channel that was never written has none. */
function withoutRequired({ required: _, ...schema }) {
  if (Array.isArray(schema.anyOf)) return { ...schema, anyOf: schema.anyOf.map(withoutRequired) };
  return schema;
}
