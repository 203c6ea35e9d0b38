/** The package as `npm pack` makes it: what is in it, and that a project that has nothing else of this repository runs with it. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
/** To install wrangler and LangGraph over the network, and to bundle for the first time. */
const LIMIT_MS = 600_000;
const MAX_TARBALL_BYTES = 1_000_000;

/** The oldest generation of LangGraph that is told to work, whose parts the server's own do not replace. */
const LIBRARIES = { "@langchain/core": "0.3.40", "@langchain/langgraph": "0.2.74" };

const FILES = {
  "langgraph.json": JSON.stringify({
    node_version: "20",
    dependencies: ["."],
    graphs: { agent: { path: "./src/agent.ts:graph", description: "Asks for a name" } },
    env: ".env",
  }),
  ".env": "GREETING=Good morning\n",
  "wrangler.jsonc": `{
    // Bindings of the project's own.
    "kv_namespaces": [{ "binding": "NAMES", "id": "names" }],
  }`,
  "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "#lib/*": ["./lib/*"] } } }),
  "lib/punctuation.json": JSON.stringify({ end: "!" }),
  "src/agent.ts": `
    import { env } from "cloudflare:workers";
    import { Annotation, Command, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
    import punctuation from "#lib/punctuation.json";
    const greeting = process.env.GREETING;
    const State = Annotation.Root({
      name: Annotation<string>(),
      log: Annotation<string[]>({ reducer: (a, b) => a.concat(b), default: () => [] }),
    });
    export const graph = new StateGraph(State)
      .addNode("ask", async () => {
        const name = interrupt("Who are you?") as string;
        await env.NAMES.put("last", name);
        return new Command({ update: { name }, goto: [new Send("greet", { name: await env.NAMES.get("last") })] });
      }, { ends: ["greet"] })
      .addNode("greet", ({ name }: { name: string }) => ({ log: [\`\${greeting}, \${name}\${punctuation.end}\`] }))
      .addEdge(START, "ask")
      .addEdge("greet", END)
      .compile();
  `,
};

let dir: string;
let tarball: string;
let packed: { size: number; files: { path: string }[] };

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "edgecron-package-"));
  const { stdout } = await run("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", dir], {
    cwd: root,
  });
  const [first] = JSON.parse(stdout) as [{ filename: string } & typeof packed];
  packed = first;
  tarball = join(dir, first.filename);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

it("holds the server, the migrations and the command, and nothing else", async () => {
  const others = packed.files
    .map(({ path }) => path)
    .filter((path) => !/^(?:src\/.*\.ts|dist\/.*\.js|migrations\/\d{4}_\w+\.sql)$/.test(path));
  expect(others.sort()).toEqual(["LICENSE", "README.md", "package.json", "wrangler.toml"]);
  const unwanted = packed.files.filter(({ path }) => /^dist\/repository\/|test|\.node\./.test(path));
  expect(unwanted).toEqual([]);
  expect(packed.files.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      "dist/main.js",
      "dist/build/graphs-program.js",
      "src/index.ts",
      "migrations/0001_initial.sql",
    ]),
  );
  expect((await stat(tarball)).size).toBeLessThan(MAX_TARBALL_BYTES);
});

it(
  "serves a project outside of the repository, with the LangGraph that the project has",
  { timeout: LIMIT_MS },
  async () => {
    const project = join(dir, "project");
    for (const [name, text] of Object.entries(FILES)) {
      await mkdir(dirname(join(project, name)), { recursive: true });
      await writeFile(join(project, name), text);
    }
    const manifest = {
      private: true,
      dependencies: LIBRARIES,
      devDependencies: { edgecron: `file:${tarball}` },
    };
    await writeFile(join(project, "package.json"), JSON.stringify(manifest));
    await run("npm", ["install", "--no-audit", "--no-fund"], { cwd: project });
    const command = join(project, "node_modules/edgecron/dist/main.js");
    const server = spawn(process.execPath, [command, "dev", "--port", "0", "--inspector-port", "0"], {
      cwd: project,
      stdio: ["ignore", "pipe", "pipe"],
    });
    try {
      const url = await readyAt(server);
      const post = async (path: string, body: unknown): Promise<Record<string, unknown>> => {
        const init = {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        };
        return (await fetch(url + path, init)).json<Record<string, unknown>>();
      };
      const { thread_id: thread } = await post("/threads", {});
      const runs = `/threads/${String(thread)}/runs/wait`;
      const asked = await post(runs, { assistant_id: "agent", input: {} });
      expect(asked["__interrupt__"]).toMatchObject([{ value: "Who are you?" }]);
      const answered = await post(runs, { assistant_id: "agent", command: { resume: "Ada" } });
      expect(answered["log"]).toEqual(["Good morning, Ada!"]);
    } finally {
      server.kill("SIGTERM");
      await once(server, "close");
    }
  },
);

/** Settles with the address at which it answers. @throws Error with what it printed when it ends before */
async function readyAt(server: ChildProcess): Promise<string> {
  const lines: string[] = [];
  const ended = once(server, "close");
  const ready = new Promise<string>((resolve, reject) => {
    for (const stream of [server.stdout, server.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line);
        const [, url] = /ready at (http:\S+)/.exec(line) ?? [];
        if (url !== undefined) resolve(url);
      });
    }
    void ended.then(() => {
      reject(new Error(`the server has ended:\n${lines.join("\n")}`));
    });
  });
  return ready;
}
