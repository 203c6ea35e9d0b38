/** Where Chromium is, and how it is started: without a window, and without asking anything of the network. */
import { existsSync } from "node:fs";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

export const CHROMIUM_FLAGS = [
  // A container has no user for its sandbox.
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // A page that a test makes itself would not be let open a WebSocket to this machine.
  "--disable-features=LocalNetworkAccessChecks",
];

/** The program. @throws Error that says what to do where there is none */
export function requireChromium(): string {
  const given = process.env.CHROMIUM_PATH;
  const found = [...(given === undefined ? [] : [given]), ...PLACES].find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `The browser tests need Chromium, and there is none at ${[given, ...PLACES].filter(Boolean).join(", ")}. ` +
      "Install it (on Debian: apt-get install chromium), or set CHROMIUM_PATH to the program.",
  );
}
