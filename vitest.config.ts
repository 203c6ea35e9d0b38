/**
 * Tests run in two places: `workers` inside workerd, with the bindings of wrangler.toml, and `node`
 * (`*.node.test.ts`) for what needs a file system or processes.
 */
import { execFileSync } from "node:child_process";
import { rmSync, statfsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";
import { lazyImports } from "./test/support/lazy-imports.ts";

const here = (path: string) => join(import.meta.dirname, path);

// Each object is an SQLite file in the folder for temporary files; the tests take longer when that is on a disk.
if (freeBytes("/dev/shm") > 2 ** 31) process.env.TMPDIR ??= "/dev/shm";

// Tests start many processes that load the same large libraries: once they are compiled, each of them starts sooner. Modules that tests
// write are among them, so nothing is kept for the next time.
const compiled = here(".edgecron/compiled");
rmSync(compiled, { recursive: true, force: true });
process.env.NODE_COMPILE_CACHE ??= compiled;

/** How much room a file system has; none when there is no such file system. */
function freeBytes(path: string): number {
  try {
    const { bavail, bsize } = statfsSync(path);
    return bavail * bsize;
  } catch {
    return 0;
  }
}

/**
 * Bundled once rather than transformed again for each test file, which took most of the time. All that tests and server import
 * is named: what the bundler finds later makes it start anew in the middle of the tests.
 */
const BUNDLED = [
  "@a2a-js/sdk",
  "@a2a-js/sdk/client",
  "@a2a-js/sdk/compat/v0_3/server",
  "@a2a-js/sdk/errors",
  "@a2a-js/sdk/server",
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
  "@langchain/core/tracers/tracer_langchain",
  "@langchain/core/utils/function_calling",
  "@langchain/core/utils/types",
  "@langchain/core/utils/uuid",
  "@langchain/langgraph",
  "@langchain/langgraph-checkpoint",
  "@langchain/langgraph-sdk",
  "@langchain/langgraph-sdk/auth",
  "@langchain/langgraph-sdk/client",
  "@langchain/langgraph/prebuilt",
  "@langchain/langgraph/remote",
  "@langchain/langgraph/stream",
  "@langchain/langgraph/zod",
  "@langchain/langgraph/zod/schema",
  "@langchain/openai",
  "@modelcontextprotocol/client",
  "@modelcontextprotocol/sdk/client/index.js",
  "@modelcontextprotocol/sdk/client/streamableHttp.js",
  "@modelcontextprotocol/server",
  "a2a-0.3/client",
  "croner",
  "cronstrue",
  "eventsource-parser/stream",
  "fast-check",
  "fastest-levenshtein",
  "hono",
  "hono/body-limit",
  "hono/cors",
  "hono/html",
  "hono/http-exception",
  "hono/mount",
  "hono/streaming",
  "hono/utils/buffer",
  "hono/utils/html",
  "langsmith",
  "langsmith/run_trees",
  "langsmith/singletons/traceable",
  "sdk-2",
  "standardwebhooks",
  "zod",
];

/**
 * On whatever machine, however busy: a crash test goes through some fifty deaths, which takes ten seconds on two processors that are free, and
 * more than a minute was seen.
 */
const LIMITS = {
  testTimeout: 180_000,
  hookTimeout: 180_000,
  // Below the limit of a test, so that the test can say what it waited for.
  expect: { poll: { timeout: 120_000 } },
};

export default defineConfig(async () => {
  // The command is built before the tests that start it: they run what `npm pack` would pack.
  execFileSync("npm", ["run", "--silent", "build"], {
    cwd: import.meta.dirname,
    shell: process.platform === "win32",
    stdio: "inherit",
  });
  const testGraphs = here(".edgecron/test-graphs.ts");
  // Of the source Vite would say that its imports have no file extensions.
  const built = pathToFileURL(here("dist/build/build-graphs.js")).href;
  const { buildGraphs } = (await import(built)) as typeof import("./cli/build/build-graphs");
  await buildGraphs({ config: here("test/support/langgraph.json"), out: testGraphs });
  const migrations = await readD1Migrations(here("migrations"));

  return {
    test: {
      // Each of them has a workerd, which runs one test file after the other. One more than the processors that a small machine has, since tests of
      // the command mostly wait for npm and wrangler.
      maxWorkers: 3,
      silent: "passed-only" as const,
      projects: [
        {
          plugins: [
            lazyImports(),
            cloudflareTest({
              wrangler: { configPath: "./wrangler.toml" },
              miniflare: {
                bindings: {
                  TEST_MIGRATIONS: migrations,
                  RECORD_STATEMENTS: process.env.RECORD_STATEMENTS ?? "",
                  AUTH: "open",
                  EDGECRON_DEV: "any",
                  // Whatever .dev.vars says: no test talks to a model that costs money, or to LangSmith.
                  OPENAI_API_KEY: "",
                  OPENAI_BASE_URL: "",
                  LANGSMITH_TRACING: "",
                  LANGSMITH_TRACING_V2: "",
                  LANGCHAIN_TRACING: "",
                  LANGCHAIN_TRACING_V2: "",
                },
              },
            }),
          ],
          resolve: {
            alias: { "edgecron:graphs": testGraphs, "edgecron/tools": here("src/tools/cron-tools.ts") },
          },
          test: {
            name: "workers",
            // To start a workerd takes longer than most test files; fresh-start.ts is what keeps the files apart.
            isolate: false,
            // These import modules of Node's, which the bundler does not find.
            deps: {
              optimizer: {
                ssr: {
                  enabled: true,
                  include: BUNDLED,
                  exclude: ["cli-table3", "langsmith/traceable", "string-width"],
                },
              },
            },
            ...LIMITS,
            include: ["test/**/*.test.ts"],
            exclude: ["test/**/*.node.test.ts", "test/browser/**"],
            globalSetup: ["./test/support/openai-server.ts"],
            setupFiles: ["./test/support/fresh-start.ts"],
          },
        },
        {
          test: {
            name: "node",
            environment: "node",
            isolate: false,
            ...LIMITS,
            include: ["test/**/*.node.test.ts"],
            setupFiles: ["./test/support/all-real.ts"],
          },
        },
      ],
    },
  };
});
