/** Builds the command before the tests that start it: they run what `npm pack` would pack. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export default function buildCommand(): void {
  execFileSync("npm", ["run", "--silent", "build"], {
    cwd: join(import.meta.dirname, "../.."),
    shell: process.platform === "win32",
    stdio: "inherit",
  });
}
