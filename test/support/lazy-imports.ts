/**
 * Modules that the server imports when a request needs them are loaded with it under test, as if they were imported at the head of the file.
 * In a bundle such a module is there from the beginning, too, and is only evaluated later. Vitest, however, fetches it in the request that
 * imports it, and another request that needs it meanwhile hangs.
 */
import { join } from "node:path";
import type { Plugin } from "vite";

const src = join(import.meta.dirname, "../../src/");

export function lazyImports(): Plugin {
  return {
    name: "lazy-imports",
    enforce: "pre",
    transform(code, id) {
      if (!id.startsWith(src)) return undefined;
      const heads: string[] = [];
      const changed = code.replace(/\bawait import\(("\.[^"]+")\)/g, (_, path: string) => {
        const name = `lazyImport${heads.length}`;
        heads.push(`import * as ${name} from ${path};`);
        return name;
      });
      // Behind all other lines, so that their numbers stay as they are.
      return heads.length === 0 ? undefined : { code: [changed, ...heads].join("\n"), map: null };
    },
  };
}
