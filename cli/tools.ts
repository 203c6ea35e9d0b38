/** What a project imports as `edgecron/tools`. The build bundles this file, because it is a part of the server's sources. */
export { cronTools } from "../src/tools/cron-tools";
