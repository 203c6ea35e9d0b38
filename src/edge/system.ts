/** `GET /ok` and `GET /info`: is it up, and what can it do. */
import { Hono } from "hono";
import { z } from "zod";
import { readConfig, type Env } from "../platform/config";
import { readQuery } from "./request";
import { version } from "../../package.json";

export const okQuery = z.strictObject({ check_db: z.enum(["0", "1"]).default("0") });

export const health = new Hono<{ Bindings: Env }>().get("/ok", async (c) => {
  readConfig(c.env);
  if (readQuery(c, okQuery).check_db === "1") await c.env.DB.prepare("SELECT 1").run();
  return c.json({ ok: true });
});

export const info = new Hono<{ Bindings: Env }>().get("/info", (c) =>
  c.json({
    version,
    langgraph_py_version: "",
    flags: { assistants: true, crons: true, langsmith: false, stream_namespaces: true, strict_resume: true },
    metadata: { server: "edgecron" },
  }),
);
