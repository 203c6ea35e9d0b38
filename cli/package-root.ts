/** The folder of the package `edgecron` itself: the server's source, the migrations and the base configuration are there. */
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

/** This file is one folder below it, as `cli/package-root.ts` and as `dist/package-root.js`. */
export const packageRoot = dirname(dirname(fileURLToPath(import.meta.url)));
