#!/usr/bin/env node
/**
 * Deploys with wrangler:
 *
 *   npm run deploy [-- --dry-run …]
 *
 * Every flag of `wrangler deploy` may be given.
 */
import { spawnSync } from "node:child_process";
import { prepareStandIns } from "./stand-ins.mjs";
import { root, wranglerCommand } from "./wrangler.mjs";

const argv = process.argv.slice(2);
const { flags, environment } = await prepareStandIns(argv).catch((error) => {
  console.error(error.message);
  process.exit(1);
});
const [command, ...args] = wranglerCommand(["deploy", ...flags, ...argv]);
const { status } = spawnSync(command, args, {
  cwd: root,
  env: { ...process.env, ...environment },
  stdio: "inherit",
});
process.exit(status ?? 1);
