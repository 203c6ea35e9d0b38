import type { D1Migration } from "cloudflare:test";

declare global {
  // The platform's own way to type what "cloudflare:workers" exports.
  namespace Cloudflare {
    interface Env {
      TEST_MIGRATIONS: D1Migration[];
      /** Whether the statements that the server sends to D1 are to be stored; see `test/d1/statements.test.ts`. */
      RECORD_STATEMENTS: string;
    }
    interface GlobalProps {
      mainModule: typeof import("../../src/index");
    }
  }
}
