/**
 * The package as `npm pack` makes it: what is in it, and that a project that has nothing else of this repository runs with it.
 * The commands are started as a user starts them, with one server for all, because to install it and to start it takes long.
 */
import { execFile } from "node:child_process";
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cron } from "../../src/wire/crons/cron";
import type { Slot } from "../../src/wire/crons/slot";
import { InstalledProject } from "../support/installed-project";

const root = join(import.meta.dirname, "../..");
const run = promisify(execFile);
/** To install wrangler and LangGraph over the network, and to bundle for the first time. */
const LIMIT_MS = 600_000;
/** A quarter of it is the dashboard; nearly half of it are libraries for projects that would give the server and the command others. */
const MAX_TARBALL_BYTES = 2_100_000;

/** The oldest generation of LangGraph that is told to work, whose parts the server's own do not replace. */
const LIBRARIES = { "@langchain/core": "0.3.40", "@langchain/langgraph": "0.2.74" };

const configWith = (crons: object): Record<string, string> => ({
  "langgraph.json": JSON.stringify({
    node_version: "20",
    dependencies: ["."],
    graphs: {
      agent: { path: "./src/agent.ts:graph", description: "Asks for a name" },
      greeter: "./src/greeter.cjs:greeter",
    },
    env: ".env",
    crons,
  }),
});

const morningAt = (hour: number): object => ({
  morning: { assistant_id: "greeter", schedule: `0 ${hour} * * *`, input: { name: "Ada" } },
});

const NOON = { noon: { assistant_id: "greeter", schedule: "0 12 * * *" } };

const FILES = {
  ...configWith({ ...morningAt(8), ...NOON }),
  ".env": "GREETING=Good morning\n",
  "wrangler.jsonc": `{
    // Bindings of the project's own.
    "kv_namespaces": [{ "binding": "NAMES", "id": "names" }],
  }`,
  "tsconfig.json": JSON.stringify({ compilerOptions: { paths: { "#lib/*": ["./lib/*"] } } }),
  "lib/punctuation.json": JSON.stringify({ end: "!" }),
  "src/greeting.md": "**%**",
  "src/agent.ts": `
    import { env } from "cloudflare:workers";
    import { Annotation, Command, END, interrupt, Send, START, StateGraph } from "@langchain/langgraph";
    import punctuation from "#lib/punctuation.json";
    import form from "./greeting.md";
    const greeting = form.replace("%", String(process.env.GREETING));
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
  "src/greeter.cjs": `
    if (!module.parent) throw new Error("taken for the program that was started");
    const { Annotation, END, START, StateGraph } = require("@langchain/langgraph");
    exports.greeter = new StateGraph(Annotation.Root({ name: Annotation() }))
      .addNode("greet", ({ name }) => { if (name === "nobody") throw new Error("nobody is there"); return { name }; })
      .addEdge(START, "greet").addEdge("greet", END).compile();
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
}, LIMIT_MS);
afterAll(() => rm(dir, { recursive: true, force: true }));

it("holds the server, the migrations, the command and the dashboard, and nothing else", async () => {
  const others = packed.files
    .map(({ path }) => path)
    .filter((path) => !/^(?:src\/.*\.ts|dist\/.*\.js|migrations\/\d{4}_\w+\.sql)$/.test(path))
    .filter((path) => !/^dashboard\/dist\/dashboard\/assets\/[\w.-]+\.(?:css|js|svg)$/.test(path));
  expect(others.sort()).toEqual([
    "LICENSE",
    "README.md",
    "dashboard/dist/_headers",
    "dashboard/dist/index.html",
    "package.json",
    "wrangler.toml",
  ]);
  const unwanted = packed.files.filter(({ path }) => /^dist\/repository\/|test|\.node\./.test(path));
  expect(unwanted).toEqual([]);
  expect(packed.files.map(({ path }) => path)).toEqual(
    expect.arrayContaining([
      "dist/main.js",
      "dist/build/graphs-program.js",
      "dist/server/index.js",
      "src/index.ts",
      "migrations/0001_initial.sql",
    ]),
  );
  expect((await stat(tarball)).size).toBeLessThan(MAX_TARBALL_BYTES);
});

describe("a project outside of the repository", { timeout: LIMIT_MS }, () => {
  let project: InstalledProject;

  beforeAll(async () => {
    project = new InstalledProject(join(dir, "project"));
    const manifest = {
      name: "greetings",
      private: true,
      type: "module",
      dependencies: LIBRARIES,
      // As many LangGraph projects have it: then this package gets the project's version too, and the server brings its own.
      overrides: { "@langchain/core": "$@langchain/core", zod: "^3.25.76" },
      devDependencies: { edgecron: `file:${tarball}` },
    };
    await project.write({ ...FILES, "package.json": JSON.stringify(manifest) });
    await project.install();
    await project.start();
  }, LIMIT_MS);
  afterAll(() => project.stop());

  it("has the dashboard", async () => {
    const page = await project.get("/dashboard/crons");
    const [, script = ""] = /<script[^>]* src="\.([^"]+)"/.exec(page) ?? [];
    expect(await project.get(script)).toContain("EdgeCron");
    await project.logged(/^ {2}Dashboard {2}http:\S+\/dashboard$/m);
  });

  it("is served with the LangGraph that it has", async () => {
    const { thread_id: thread } = await project.post("/threads", {});
    const runs = `/threads/${String(thread)}/runs/wait`;
    const asked = await project.post(runs, { assistant_id: "agent", input: {} });
    expect(asked["__interrupt__"]).toMatchObject([{ value: "Who are you?" }]);
    const answered = await project.post(runs, { assistant_id: "agent", command: { resume: "Ada" } });
    expect(answered["log"]).toEqual(["**Good morning**, Ada!"]);
  });

  it("tells a script by the exit code what went wrong", async () => {
    await project.logged(/^\+ morning /m);
    const [unsure, wrong, unknown, refused, silent] = await Promise.all([
      project.crons("delete", "morning"),
      project.crons("history", "morning", "--limit", "none"),
      project.crons("show", "evening"),
      project.crons("list", "--api-key", "wrong"),
      project.crons("list", "--url", "http://127.0.0.1:9"),
    ]);
    expect([unsure.code, wrong.code]).toEqual([2, 2]);
    expect(unknown).toMatchObject({ code: 3, out: "" });
    expect(refused).toMatchObject({
      code: 4,
      err: expect.stringMatching(
        /^x-api-key: missing, or not a key of this .*\nGive a key by --api-key/,
      ) as string,
    });
    expect(silent.code).toBe(5);
  });

  it("has the crons that it declares, which the commands run and change", async () => {
    // The server has made what langgraph.json declares, and shows it.
    await project.logged(/^\+ morning {2}At 08:00, every day \(UTC\); next /m);
    await project.logged(/^morning +[0-9a-f]{8} +greeter +At 08:00, every day \(UTC\) /m);

    const [list, listed] = await Promise.all([project.crons("list"), project.crons("list", "--json")]);
    expect(list).toMatchObject({ code: 0, err: "" });
    expect(list.out).toMatch(/NEXT \(Asia\/Tokyo\)[^]*morning .* \w{3} \d{4}-\d\d-\d\d 17:00 .* on$/m);
    const cron = (JSON.parse(listed.out) as Cron[]).find(({ schedule }) => schedule === "0 8 * * *");
    expect(cron?.metadata).toMatchObject({ declared_by: "greetings", declared_name: "morning" });
    const id = String(cron?.cron_id);

    const run = await project.crons("run", id.slice(0, 8), "--wait", "--json");
    expect(run.code).toBe(0);
    expect((JSON.parse(run.out) as Slot).run?.status).toBe("success");
    const failed = await project.crons("run", "morning", "--wait", "--input", '{"name": "nobody"}');
    expect(failed.out).toMatch(/^morning: error in .*nobody is there/);
    expect(failed).toMatchObject({
      code: 1,
      err: expect.stringContaining("the run did not succeed") as string,
    });
    const [history, show, next] = await Promise.all([
      project.crons("history", "morning"),
      project.crons("show", "morning"),
      project.crons("next", "morning", "-n", "2"),
    ]);
    expect(history.out.match(/manual/g)).toHaveLength(2);
    // At eight o'clock it fires by its schedule as well.
    expect(show.out).toMatch(/^runs +[12] success, 1 error/m);
    expect(next.out).toMatch(/ASIA\/TOKYO[^]* 17:00 .* 08:00 [^]* 17:00 /);

    // The server notices by itself what is declared otherwise, or no longer. A pause by hand stays.
    expect((await project.crons("pause", "morning", "--note", "holidays")).code).toBe(0);
    await project.write(configWith(morningAt(9)));
    await project.logged(/^~ morning {2}schedule: "0 8 \* \* \*" -> "0 9 \* \* \*"/m);
    await project.logged(/^- noon {2}no longer declared/m);
    const [after, dry] = await Promise.all([
      project.crons("list", "--json"),
      project.crons("sync", "--dry-run"),
    ]);
    expect(JSON.parse(after.out)).toMatchObject([
      { cron_id: id, schedule: "0 9 * * *", enabled: false, note: "holidays" },
    ]);
    expect(dry).toMatchObject({
      code: 0,
      out: expect.stringMatching(/nothing was changed at .* It would be 1 unchanged\.\n$/) as string,
    });
    const [sync, resume] = await Promise.all([project.crons("sync"), project.crons("resume", "morning")]);
    expect(sync.out).toContain("1 unchanged");
    expect(resume.out).toContain("it fires next at");
  });
});
