import type { D1Migration } from "cloudflare:test";

declare global {
  // The platform's own way to type what "cloudflare:workers" exports.
  namespace Cloudflare {
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
    }
    interface GlobalProps {
      mainModule: typeof import("../../src/index");
    }
  }
}
