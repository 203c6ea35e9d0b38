/**
 * Tests run in two places: `workers` inside workerd, with the bindings of wrangler.toml, and `node`
 * (`*.node.test.ts`) for what needs a file system or processes.
 */
import { join } from "node:path";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { buildGraphs } from "./scripts/build-graphs.mjs";

const here = (path: string) => join(import.meta.dirname, path);

/**
 * Bundled once rather than transformed again for each test file, which took most of the time. All that tests and server import
 * is named: what the bundler finds later makes it start anew in the middle of the tests.
 */
const BUNDLED = [
  "@langchain/core/callbacks/base",
  "@langchain/core/callbacks/manager",
  "@langchain/core/errors",
  "@langchain/core/language_models/chat_models",
  "@langchain/core/load/serializable",
  "@langchain/core/messages",
  "@langchain/core/outputs",
  "@langchain/core/runnables",
  "@langchain/core/singletons",
  "@langchain/core/tools",
  "@langchain/core/utils/function_calling",
  "@langchain/core/utils/types",
  "@langchain/core/utils/uuid",
  "@langchain/langgraph",
  "@langchain/langgraph-checkpoint",
  "@langchain/langgraph-sdk",
  "@langchain/langgraph/prebuilt",
  "@langchain/langgraph/remote",
  "@langchain/langgraph/zod",
  "@langchain/langgraph/zod/schema",
  "@langchain/openai",
  "croner",
  "cronstrue",
  "fast-check",
  "fastest-levenshtein",
  "hono",
  "hono/body-limit",
  "hono/cors",
  "hono/html",
  "hono/streaming",
  "hono/utils/buffer",
  "hono/utils/html",
  "sdk-2",
  "standardwebhooks",
  "zod",
];

export default defineConfig(async () => {
  const testGraphs = here(".edgecron/test-graphs.ts");
  await buildGraphs({ config: here("test/support/langgraph.json"), out: testGraphs });
  const migrations = await readD1Migrations(here("migrations"));

  return {
    test: {
      // Every running test file has a workerd of its own.
      maxWorkers: 2,
      silent: "passed-only" as const,
      projects: [
        {
          plugins: [
            cloudflareTest({
              wrangler: { configPath: "./wrangler.toml" },
              miniflare: {
                bindings: {
                  TEST_MIGRATIONS: migrations,
                  AUTH: "open",
                  EDGECRON_DEV: "any",
                  // Whatever .dev.vars says: no test talks to a model that costs money.
                  OPENAI_API_KEY: "",
                  OPENAI_BASE_URL: "",
                },
              },
            }),
          ],
          // The server under test serves the test graphs in place of those of langgraph.json.
          resolve: { alias: [{ find: /^.*\.edgecron\/graphs(\.ts)?$/, replacement: testGraphs }] },
          test: {
            name: "workers",
            deps: { optimizer: { ssr: { enabled: true, include: BUNDLED } } },
            // A crash test goes through some fifty deaths, on whatever machine.
            testTimeout: 60_000,
            include: ["test/**/*.test.ts"],
            exclude: ["test/**/*.node.test.ts"],
            globalSetup: ["./test/support/openai-server.ts"],
            setupFiles: ["./test/support/apply-migrations.ts"],
          },
        },
        { test: { name: "node", environment: "node", include: ["test/**/*.node.test.ts"] } },
      ],
    },
  };
});
