/** Which server the commands call, and with which key. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { connectionOf, type ConnectionOptions } from "../../../cli/crons/connection";
import type { Connection } from "../../../cli/crons/cron-client";
import { serverVariables } from "../../../cli/crons/server-variables";

const REMOTE = "https://agents.example.com";
let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "connection-"));
  await writeFile(join(dir, "langgraph.json"), '{ "graphs": { "agent": "./gone.ts" }, "env": ".env.local" }');
  await writeFile(join(dir, ".env.local"), `EDGECRON_URL=${REMOTE}\nEDGECRON_API_KEY=of-file\n`);
  await writeFile(join(dir, "broken.json"), "{");
  await writeFile(
    join(dir, "served.json"),
    '{ "graphs": { "agent": "./gone.ts" }, "env": { "API_KEYS": "ada:owned of-server" }, "http": { "mount_prefix": "/api" } }',
  );
});
afterAll(() => rm(dir, { recursive: true }));

async function connection(
  config: string,
  options: ConnectionOptions,
  shell: Record<string, string> = {},
): Promise<Partial<Connection>> {
  return connectionOf(options, await serverVariables(join(dir, config), shell));
}

it("is said by an option, by the shell, or by the file of variables that langgraph.json names", async () => {
  const shell = { EDGECRON_URL: "http://shell.test/", EDGECRON_API_KEY: "of-shell" };
  const options = { url: "http://option.test", apiKey: "of-option" };
  expect(await connection("langgraph.json", options, shell)).toMatchObject(options);
  expect(await connection("langgraph.json", {}, shell)).toMatchObject({
    url: "http://shell.test",
    apiKey: "of-shell",
  });
  expect(await connection("langgraph.json", {}, { EDGECRON_URL: "" })).toMatchObject({
    url: REMOTE,
    apiKey: "of-file",
  });
});

it.each(["gone.json", "broken.json"])(
  "is the local one without a key, where %s says nothing",
  async (name) => {
    expect(await connection(name, {})).toMatchObject({ url: "http://localhost:8787", apiKey: null });
  },
);

it("has the path at which the project's own server has its routes, unless a URL is given, which is complete", async () => {
  expect(await connection("served.json", {})).toMatchObject({ url: "http://localhost:8787/api" });
  const local = "http://localhost:9000";
  expect(await connection("served.json", { url: local })).toMatchObject({ url: local });
  expect(await connection("served.json", {}, { EDGECRON_URL: REMOTE })).toMatchObject({ url: REMOTE });
});

it("has the project's own key when it is on this machine, and sends that nowhere else", async () => {
  expect(await connection("served.json", {})).toMatchObject({ apiKey: "of-server" });
  expect(await connection("served.json", { url: "http://[::1]:9000" })).toMatchObject({
    apiKey: "of-server",
  });
  expect(await connection("served.json", { url: REMOTE })).toMatchObject({ apiKey: null });
  expect(await connection("served.json", { url: "http://localhost.example.com" })).toMatchObject({
    apiKey: null,
  });
});
