/** The servers that the dashboard is tested against, and the browser that looks at it: started once for all files, at the same time. */
import { chromium } from "playwright-core";
import type { TestProject } from "vitest/node";
import { Api } from "./api";
import { CHROMIUM_FLAGS, requireChromium } from "./chromium";
import { startDemoServer } from "./demo-server";

/** Sees and changes everything. */
const ADMIN_KEY = "admin-of-the-browser-0123456789";
/** Those who have it see their own things only. */
const TENANT_KEY = "tenant-of-the-browser-0123456789";
const OTHER_KEY = "other-of-the-browser-0123456789";

declare module "vitest" {
  interface ProvidedContext {
    /** A server that asks for no key. */
    serverUrl: string;
    /** A server that asks for a key, where each name of a key has things of its own. */
    keysServer: {
      readonly url: string;
      readonly adminKey: string;
      readonly tenantKey: string;
      readonly otherKey: string;
    };
    /** Where the browser is connected to. */
    browserUrl: string;
  }
}

export default async function startServers({ provide }: TestProject): Promise<() => Promise<void>> {
  const executablePath = requireChromium();
  const started = await Promise.allSettled([
    startDemoServer("AUTH:open"),
    startDemoServer(
      "AUTH:keys",
      `API_KEYS:${ADMIN_KEY},tenant:${TENANT_KEY},other:${OTHER_KEY}`,
      "TENANTS:isolated",
    ),
    chromium.launchServer({ executablePath, args: CHROMIUM_FLAGS }),
  ]);
  const [open, keys, browser] = started;
  const stop = async (): Promise<void> => {
    if (browser.status === "fulfilled") await browser.value.close();
    const servers = [open, keys].flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
    await Promise.all(servers.map((server) => server.stop()));
  };
  if (open.status === "rejected" || keys.status === "rejected" || browser.status === "rejected") {
    await stop();
    throw new AggregateError(
      started.flatMap((each) => (each.status === "rejected" ? [each.reason as Error] : [])),
      "the browser tests could not start",
    );
  }
  await new Api(open.value.url).makeCron("briefing", {
    schedule: "0 8 * * 1-5",
    timezone: "Europe/Berlin",
    metadata: { name: "Morning briefing" },
    input: { messages: [{ role: "user", content: "What matters today?" }] },
  });
  provide("serverUrl", open.value.url);
  provide("keysServer", {
    url: keys.value.url,
    adminKey: ADMIN_KEY,
    tenantKey: TENANT_KEY,
    otherKey: OTHER_KEY,
  });
  provide("browserUrl", browser.value.wsEndpoint());
  return stop;
}
