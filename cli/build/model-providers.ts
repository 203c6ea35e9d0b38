/**
 * Models that a graph names by a text, as `createAgent({ model: "openai:gpt-5-mini" })` does. LangChain imports the provider's
 * package by a variable, which no bundler sees; in a Worker such an import finds only modules of exactly that name. So each
 * provider has a module of its name, which takes the package from the bundle, where it is loaded when it is first used.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf } from "./graph-module.js";
import { type FoundPackage, packagesFor } from "./provider-packages.js";

/** Packages of `initChatModel` and `initEmbeddings`, as far as some version of LangChain knows them. */
const PROVIDERS = [
  "@langchain/anthropic",
  "@langchain/aws",
  "@langchain/cerebras",
  "@langchain/cloudflare",
  "@langchain/cohere",
  "@langchain/community",
  "@langchain/deepseek",
  "@langchain/fireworks",
  "@langchain/google",
  "@langchain/google-genai",
  "@langchain/google-vertexai",
  "@langchain/google-vertexai-web",
  "@langchain/groq",
  "@langchain/mistralai",
  "@langchain/ollama",
  "@langchain/openai",
  "@langchain/perplexity",
  "@langchain/together-ai",
  "@langchain/xai",
];

/** The files of `langchain` that import a provider by a variable. */
const IMPORTS_BY_NAME = /[\\/]langchain[\\/](?:dist[\\/])?(?:chat_models|embeddings)[\\/]universal\.[cm]?js$/;

/** Where the bundle offers the packages to the modules that stand for them. */
const GLOBAL = 'Symbol.for("edgecron.model_providers")';

export interface ModelProviders {
  /** By name. */
  readonly installed: ReadonlyMap<string, FoundPackage>;
  readonly missing: readonly string[];
}

/**
 * The providers of a project: empty when none of its graphs can name a model by a text.
 * @param inputs the files of which the graphs' bundle is made
 */
export async function modelProviders(inputs: readonly string[]): Promise<ModelProviders> {
  if (!inputs.some((file) => IMPORTS_BY_NAME.test(file))) return { installed: new Map(), missing: [] };
  const installed = await packagesFor(inputs, PROVIDERS);
  return { installed, missing: PROVIDERS.filter((name) => !installed.has(name)) };
}

/**
 * Writes the module that offers the packages, and returns its path, or undefined when there is nothing to offer. It is a
 * module of its own because it has to run before the graphs: a graph may make its model while its module is loaded.
 */
export async function writeOffers(path: string, { installed }: ModelProviders): Promise<string | undefined> {
  if (installed.size === 0) return undefined;
  // By its file: the package need not be one that is found from here.
  const specifier = ({ inWorker }: FoundPackage): string =>
    JSON.stringify(relative(dirname(path), inWorker).replaceAll("\\", "/"));
  const lines = [
    "// Made by edgecron. Each package is loaded when a graph first names one of its models.",
    `globalThis[${GLOBAL}] = {`,
    ...[...installed].map(([name, found]) => `  ${JSON.stringify(name)}: () => import(${specifier(found)}),`),
    "};",
    "",
  ];
  await writeChanged(path, lines.join("\n"));
  return path;
}

/** Writes a module for each provider under `dir`, and removes those that are not needed any more. */
export async function writeProviderModules(
  dir: string,
  { installed, missing }: ModelProviders,
): Promise<void> {
  const files = new Map<string, string>();
  for (const [name, found] of installed) files.set(name, await standIn(name, found));
  for (const name of missing) {
    const message = `the package ${name} is not among the project's dependencies; install it with: npm install ${name}`;
    files.set(name, throwing(message));
  }
  const scope = join(dir, "@langchain");
  await mkdir(scope, { recursive: true });
  for (const file of await readdir(scope)) {
    if (!files.has(`@langchain/${file}`)) await rm(join(scope, file));
  }
  for (const [name, text] of files) await writeChanged(join(dir, name), text);
}

const throwing = (message: string): string => `throw new Error(${JSON.stringify(message)});\n`;

/** Leaves a file alone that has the text already, because `wrangler dev` watches it. */
async function writeChanged(path: string, text: string): Promise<void> {
  if (existsSync(path) && (await readFile(path, "utf8")) === text) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A module with the exports of the package, by their names as Node has them. One that Node cannot load fails when it is asked for. */
async function standIn(name: string, { inNode }: FoundPackage): Promise<string> {
  let exported: string[];
  try {
    exported = Object.keys((await import(pathToFileURL(inNode).href)) as object);
  } catch (error) {
    return throwing(`the package ${name} cannot be loaded: ${messageOf(error)}`);
  }
  const names = exported.filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default");
  return [
    `const loaded = await globalThis[${GLOBAL}][${JSON.stringify(name)}]();`,
    ...names.map((key) => `export const ${key} = loaded.${key};`),
    "",
  ].join("\n");
}
