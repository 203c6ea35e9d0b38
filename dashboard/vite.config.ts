/**
 * Builds the dashboard to `dashboard/dist`: `index.html`, and hashed files under `dashboard/assets`, because the Worker serves the folder as
 * its static files and the dashboard's addresses begin with `/dashboard`. `npm run dev:dashboard` serves it while it is worked on.
 */
import { join } from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin, runnerImport } from "vite";

const ASSETS = "dashboard/assets";
const API = process.env.EDGECRON_URL ?? "http://127.0.0.1:8787";

/**
 * What the page may do. Nothing comes from another origin, no script and no style is inline, and no other page may frame it. React sets
 * the `style` of an element by the DOM, which the policy does not forbid.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "font-src 'self'",
  "base-uri 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const HEADERS = {
  "Content-Security-Policy": CONTENT_SECURITY_POLICY,
  "Cross-Origin-Opener-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
  "Referrer-Policy": "no-referrer",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
};

/** Each is a rule of the file `_headers`. */
const MAX_HASHED_FILES = 99;

/**
 * Writes the file `_headers`, from which Cloudflare takes the headers of static files. Each hashed file is named: a pattern would match files
 * too that are not there, and a browser would then keep that answer for a year.
 */
function headersFile(): Plugin {
  return {
    name: "headers-file",
    apply: "build",
    generateBundle(_options, bundle) {
      const hashed = Object.keys(bundle).filter((file) => file.startsWith(`${ASSETS}/`));
      if (hashed.length > MAX_HASHED_FILES) {
        this.error(
          `${hashed.length} files: Cloudflare takes no more than 100 rules for headers; make fewer chunks`,
        );
      }
      const lines = [
        "/*",
        ...Object.entries(HEADERS).map(([name, value]) => `  ${name}: ${value}`),
        ...hashed.flatMap((file) => [`/${file}`, "  Cache-Control: public, max-age=31536000, immutable"]),
      ];
      this.emitFile({ type: "asset", fileName: "_headers", source: `${lines.join("\n")}\n` });
    },
  };
}

// A plain import would have Vite warn of each import without a file extension behind it.
const { module: policy } = await runnerImport<typeof import("../src/wire/crons/policy")>(
  join(import.meta.dirname, "../src/wire/crons/policy.ts"),
);

/** What the fields of a cron's policy mean, and their defaults. So the page needs no schema library to say it. */
const CRON_POLICY = Object.fromEntries(
  policy.POLICY_FIELDS.map((name) => {
    const { description = "" } = policy.policyRequestFields[name].meta() ?? {};
    return [name, { description, defaultValue: policy.DEFAULT_POLICY[name] }];
  }),
);

export default defineConfig({
  root: import.meta.dirname,
  // Addresses of files are relative, because the server may have a prefix.
  base: "./",
  plugins: [react(), headersFile()],
  define: { CRON_POLICY: JSON.stringify(CRON_POLICY) },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    assetsDir: ASSETS,
    // A file inside of another would be a `data:` address.
    assetsInlineLimit: 0,
    // The first that know `light-dark()` of CSS.
    target: ["chrome123", "firefox120", "safari17.5"],
    chunkSizeWarningLimit: 1_000,
    modulePreload: { polyfill: false },
  },
  server: {
    port: 5173,
    proxy: Object.fromEntries(
      [
        "/assistants",
        "/docs",
        "/info",
        "/metrics",
        "/ok",
        "/openapi.json",
        "/runs",
        "/store",
        "/threads",
      ].map((path) => [path, { target: API, changeOrigin: true }]),
    ),
  },
});
