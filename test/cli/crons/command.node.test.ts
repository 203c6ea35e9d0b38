/** `edgecron crons` and the declared crons of `edgecron dev`, as a user starts them, against a real server. */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { Cron } from "../../../src/wire/crons/cron";
import type { Slot } from "../../../src/wire/crons/slot";

const TIME_LIMIT_MS = 240_000;
const root = join(import.meta.dirname, "../../..");
const program = join(root, "dist/main.js");
const dir = mkdtempSync(join(tmpdir(), "edgecron-crons-"));

let server: ChildProcess;
let log = "";
let url = "";

const declare = (crons: object): void => {
  writeFileSync(
    join(dir, "langgraph.json"),
    JSON.stringify({ graphs: { greeter: "./greeter.js:greeter" }, crons }),
  );
};

/** Waits until the server has logged it. */
const logged = (pattern: RegExp): Promise<RegExpExecArray> =>
  vi.waitUntil(
    () => {
      if (server.exitCode !== null) throw new Error(`the server has ended: ${log}`);
      return pattern.exec(log);
    },
    { timeout: TIME_LIMIT_MS, interval: 100 },
  );

beforeAll(async () => {
  symlinkSync(join(root, "node_modules"), join(dir, "node_modules"));
  writeFileSync(join(dir, "package.json"), JSON.stringify({ name: "greetings", type: "module" }));
  writeFileSync(
    join(dir, "greeter.js"),
    `import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
     export const greeter = new StateGraph(Annotation.Root({ name: Annotation() }))
       .addNode("greet", ({ name }) => { if (name === "nobody") throw new Error("nobody is there"); return { name }; })
       .addEdge(START, "greet").addEdge("greet", END).compile();`,
  );
  declare({ morning: { assistant_id: "greeter", schedule: "0 8 * * *", input: { name: "Ada" } } });
  const args = ["dev", "--port", "0", "--inspector-port", "0", "--persist-to", join(dir, "state")];
  server = spawn(
    process.execPath,
    [program, ...args, "--var", "AUTH:keys", "API_KEYS:key-of-ada-0123456789"],
    {
      cwd: dir,
      stdio: ["ignore", "pipe", "pipe"],
    },
  );
  for (const stream of [server.stdout, server.stderr])
    stream?.on("data", (text: Buffer) => {
      log += text.toString();
    });
  [, url = ""] = await logged(/EdgeCron is ready at (\S+) /);
}, TIME_LIMIT_MS);

afterAll(async () => {
  if (server.exitCode === null) {
    server.kill("SIGTERM");
    await once(server, "close");
  }
  rmSync(dir, { recursive: true, force: true });
});

interface Ended {
  code: number;
  out: string;
  err: string;
}

function crons(...args: string[]): Promise<Ended> {
  const env = {
    ...process.env,
    EDGECRON_URL: url,
    EDGECRON_API_KEY: "key-of-ada-0123456789",
    TZ: "Asia/Tokyo",
  };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, "crons", ...args], { cwd: dir, env }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), out, err });
    });
  });
}

test("crons from a declaration to their end", { timeout: TIME_LIMIT_MS }, async () => {
  // The server has made what langgraph.json declares, and shows it.
  await logged(/^\+ morning {2}At 08:00, every day \(UTC\); next /m);
  await logged(/^morning +[0-9a-f]{8} +greeter +At 08:00, every day \(UTC\) /m);

  const list = await crons("list");
  expect(list).toMatchObject({ code: 0, err: "" });
  expect(list.out).toMatch(/NEXT \(Asia\/Tokyo\)[^]*morning .* \w{3} \d{4}-\d\d-\d\d 17:00 .* on\n$/);
  const [cron] = JSON.parse((await crons("list", "--json")).out) as Cron[];
  expect(cron?.metadata).toMatchObject({ declared_by: "greetings", declared_name: "morning" });
  const id = String(cron?.cron_id);

  const run = await crons("run", id.slice(0, 8), "--wait", "--json");
  expect(run.code).toBe(0);
  expect((JSON.parse(run.out) as Slot).run?.status).toBe("success");
  const failed = await crons("run", "morning", "--wait", "--input", '{"name": "nobody"}');
  expect(failed.out).toMatch(/^morning: error in .*nobody is there/);
  expect(failed).toMatchObject({
    code: 1,
    err: expect.stringContaining("the run did not succeed") as string,
  });
  expect((await crons("history", "morning")).out.match(/manual/g)).toHaveLength(2);
  expect((await crons("show", "morning")).out).toMatch(/^runs +1 success, 1 error/m);
  expect((await crons("next", "morning", "-n", "2")).out).toMatch(
    /ASIA\/TOKYO[^]* 17:00 .* 08:00 [^]* 17:00 /,
  );

  // A pause by hand stays when the declaration changes, which the server notices by itself.
  expect((await crons("pause", "morning", "--note", "holidays")).code).toBe(0);
  declare({ morning: { assistant_id: "greeter", schedule: "0 9 * * *", input: { name: "Ada" } } });
  await logged(/^~ morning {2}schedule: "0 8 \* \* \*" -> "0 9 \* \* \*"/m);
  const changed = JSON.parse((await crons("show", "morning", "--json")).out) as Cron;
  expect(changed).toMatchObject({ cron_id: id, schedule: "0 9 * * *", enabled: false, note: "holidays" });
  expect((await crons("sync")).out).toContain("1 unchanged");
  expect((await crons("resume", "morning")).out).toContain("it fires next at");

  // What a script is told.
  expect(await crons("delete", "morning")).toMatchObject({ code: 2 });
  expect(await crons("show", "evening")).toMatchObject({ code: 3, out: "" });
  expect(await crons("list", "--api-key", "wrong")).toMatchObject({
    code: 4,
    err: "x-api-key: missing, or not a key of this deployment\n",
  });
  expect(await crons("list", "--url", "http://127.0.0.1:9")).toMatchObject({ code: 5 });
  expect(await crons("history", "morning", "--limit", "none")).toMatchObject({ code: 2 });

  // What is declared no longer is removed; a cron that was made by hand is not.
  declare({});
  expect((await crons("sync", "--dry-run")).out).toContain("- morning");
  await logged(/^- morning {2}no longer declared/m);
  expect((await crons("list")).out).toBe("There are no crons.\n");
});
