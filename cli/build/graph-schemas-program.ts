/**
 * Reads the types of graphs with the TypeScript compiler: what LangGraph infers for a graph's state, input,
 * output and configuration, also where `Annotation.Root` leaves nothing of it at run time.
 */
import { dirname } from "node:path";
import ts from "typescript";
import { subgraphFinder } from "./graph-schemas-subgraphs.js";
import { isReference, type Schema, schemaMaker, type SchemaMaker } from "./graph-schemas-types.js";
import type { FoundGraph } from "./graphs-config.js";

type Graph = Pick<FoundGraph, "id" | "file" | "exportName">;

/** The schemas of one graph or subgraph: `state`, `input`, `output`, `config`. */
type Parts = Record<string, Schema>;

/** By graph id, the schemas of the graph (`""`) and of its subgraphs (`"outer|inner"`). */
export type SchemasByGraph = Record<string, Record<string, Parts>>;

export interface ReadTypes {
  readonly schemas: SchemasByGraph;
  /** The project's own files that the schemas follow from. */
  readonly files: readonly string[];
}

/** @param projectDir where the search for tsconfig.json begins */
export function readTypes(graphs: readonly Graph[], projectDir: string): ReadTypes {
  const program = ts.createProgram({
    rootNames: [...new Set(graphs.map((graph) => graph.file))],
    options: compilerOptions(projectDir),
  });
  const checker = program.getTypeChecker();
  const sources = program.getSourceFiles().filter(({ fileName }) => !fileName.includes("/node_modules/"));
  const toSchema = schemaMaker(checker, sources);
  const schemas: SchemasByGraph = {};
  for (const graph of graphs) {
    const symbol = exportOf(program, graph);
    if (symbol === undefined) continue;
    const found: Record<string, Parts> = {};
    const add = (path: string, type: ts.Type): void => {
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

function compilerOptions(projectDir: string): ts.CompilerOptions {
  const path = ts.findConfigFile(projectDir, ts.sys.fileExists, "tsconfig.json");
  const config: unknown = path === undefined ? undefined : ts.readConfigFile(path, ts.sys.readFile).config;
  const parsed =
    path === undefined ? undefined : ts.parseJsonConfigFileContent(config, ts.sys, dirname(path));
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

function exportOf(program: ts.Program, { file, exportName }: Graph): ts.Symbol | undefined {
  const checker = program.getTypeChecker();
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  const symbol = module && checker.getExportsOfModule(module).find((found) => found.name === exportName);
  if (symbol === undefined) return undefined;
  return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
}

/** Unwraps what may stand for a graph: promises, functions, StateGraphs, agents; undefined when none is in it. */
function pregelOf(checker: ts.TypeChecker, type: ts.Type, depth = 0): ts.Type | undefined {
  const awaited = checker.getAwaitedType(type) ?? type;
  if (depth > 4 || awaited.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) return undefined;
  const member = (name: string): ts.Type | undefined => {
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

const returnTypeOf = (type: ts.Type | undefined): ts.Type | undefined =>
  type?.getCallSignatures()[0]?.getReturnType();

/** The schemas of a compiled graph; a part that the types leave open is left out. */
function partsOf(checker: ts.TypeChecker, pregel: ts.Type, toSchema: SchemaMaker): Parts {
  const property = (type: ts.Type | undefined, name: string): ts.Type | undefined => {
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
function configOf(checker: ts.TypeChecker, definition: ts.Type | undefined, toSchema: SchemaMaker): Parts {
  const channels = definition === undefined ? [] : checker.getNonNullableType(definition).getProperties();
  const properties: Record<string, Schema> = {};
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
function updateTypeOf(checker: ts.TypeChecker, pregel: ts.Type): ts.Type | undefined {
  if (pregel.getSymbol()?.name !== "CompiledStateGraph" || !isReference(pregel)) return undefined;
  return checker.getTypeArguments(pregel)[1];
}

/** No key of an annotated state has to be there: a channel that was never written has none. */
function withoutRequired(full: Schema): Schema {
  const { required, ...schema } = full;
  if (required === undefined && full.anyOf === undefined) return full;
  if (schema.anyOf !== undefined) return { ...schema, anyOf: schema.anyOf.map(withoutRequired) };
  return schema;
}
