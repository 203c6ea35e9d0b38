/** `npm run test:browser`: the dashboard in a real Chromium, against real servers, which all files share. */
import { join } from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  root: join(import.meta.dirname, "../.."),
  test: {
    name: "browser",
    include: ["test/browser/**/*.browser.test.ts"],
    globalSetup: ["./test/browser/start-servers.ts"],
    setupFiles: ["./test/browser/end-browser.ts"],
    // They share a browser and two servers. While one waits for what a page reads, another goes on.
    maxWorkers: 2,
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // A page asks for its data again after some seconds. The limits are those of a machine that does much else.
    expect: { poll: { timeout: 40_000 } },
  },
});
