/** The server that the dashboard is tested against, started once, with data in it. */
import type { TestProject } from "vitest/node";
import { requireChromium } from "./chromium";
import { startDemoServer } from "./demo-server";
import { seed } from "./seed";

declare module "vitest" {
  interface ProvidedContext {
    /** Where the server answers. */
    serverUrl: string;
  }
}

export default async function startServer({ provide }: TestProject): Promise<() => Promise<void>> {
  requireChromium();
  const { url, stop } = await startDemoServer("AUTH:open");
  await seed(url);
  provide("serverUrl", url);
  return stop;
}
