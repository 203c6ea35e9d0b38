/**
 * Models that a graph names by a text, as `createAgent({ model: "openai:gpt-5-mini" })` does. LangChain imports the provider's
 * package by a variable, which no bundler sees; in a Worker such an import finds only modules of exactly that name. So each
 * provider has a module of its name, which takes the package from the bundle, where it is loaded when it is first used.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

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
  readonly installed: readonly string[];
  readonly missing: readonly string[];
}

/**
 * The providers of a project: empty when none of its graphs can name a model by a text.
 * @param inputs the files of which the graphs' bundle is made
 */
export async function modelProviders(projectDir: string, inputs: readonly string[]): Promise<ModelProviders> {
  if (!inputs.some((file) => IMPORTS_BY_NAME.test(file))) return { installed: [], missing: [] };
  const wanted = await dependenciesOf(projectDir);
  const installed = PROVIDERS.filter((name) => wanted.has(name) && isInstalled(projectDir, name));
  return { installed, missing: PROVIDERS.filter((name) => !installed.includes(name)) };
}

/**
 * Writes the module that offers the packages, and returns its path, or undefined when there is nothing to offer. It is a
 * module of its own because it has to run before the graphs: a graph may make its model while its module is loaded.
 */
export async function writeOffers(path: string, { installed }: ModelProviders): Promise<string | undefined> {
  if (installed.length === 0) return undefined;
  const lines = [
    "// Made by edgecron. Each package is loaded when a graph first names one of its models.",
    `globalThis[${GLOBAL}] = {`,
    ...installed.map((name) => `  ${JSON.stringify(name)}: () => import(${JSON.stringify(name)}),`),
    "};",
    "",
  ];
  await writeChanged(path, lines.join("\n"));
  return path;
}

/** Writes a module for each provider under `dir`, and removes those that are not needed any more. */
export async function writeProviderModules(
  projectDir: string,
  dir: string,
  { installed, missing }: ModelProviders,
): Promise<void> {
  const files = new Map<string, string>();
  for (const name of installed) files.set(name, await standIn(projectDir, name));
  for (const name of missing) {
    const message = `the package ${name} is not among the project's dependencies; install it with: npm install ${name}`;
    files.set(name, `throw new Error(${JSON.stringify(message)});\n`);
  }
  const scope = join(dir, "@langchain");
  await mkdir(scope, { recursive: true });
  for (const file of await readdir(scope)) {
    if (!files.has(`@langchain/${file}`)) await rm(join(scope, file));
  }
  for (const [name, text] of files) await writeChanged(join(dir, name), text);
}

/** Leaves a file alone that has the text already, because `wrangler dev` watches it. */
async function writeChanged(path: string, text: string): Promise<void> {
  if (existsSync(path) && (await readFile(path, "utf8")) === text) return;
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
}

/** A module with the exports of the package, by their names as Node has them. */
async function standIn(projectDir: string, name: string): Promise<string> {
  const entry = createRequire(join(projectDir, "package.json")).resolve(name);
  const exported = Object.keys((await import(pathToFileURL(entry).href)) as object);
  const names = exported.filter((key) => /^[A-Za-z_$][\w$]*$/.test(key) && key !== "default");
  return [
    `const loaded = await globalThis[${GLOBAL}][${JSON.stringify(name)}]();`,
    ...names.map((key) => `export const ${key} = loaded.${key};`),
    "",
  ].join("\n");
}

/** What package.json of the project, or of a folder above it, asks for. */
async function dependenciesOf(projectDir: string): Promise<Set<string>> {
  for (let dir = projectDir; ; dir = dirname(dir)) {
    const path = join(dir, "package.json");
    if (existsSync(path)) {
      const { dependencies, devDependencies, optionalDependencies } = JSON.parse(
        await readFile(path, "utf8"),
      ) as Record<string, object | undefined>;
      return new Set(Object.keys({ ...dependencies, ...devDependencies, ...optionalDependencies }));
    }
    if (dirname(dir) === dir) return new Set();
  }
}

function isInstalled(projectDir: string, name: string): boolean {
  try {
    createRequire(join(projectDir, "package.json")).resolve(name);
    return true;
  } catch {
    return false;
  }
}
