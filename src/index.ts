/** Worker entry: HTTP, the watchdog's cron trigger, and the two object classes. */
import { app } from "./app";
import type { Env } from "./config";
import { pokeOverdue } from "./crons/watchdog";

export { CronDO } from "./crons/cron-do";
export { ThreadDO } from "./threads/thread-do";

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    await pokeOverdue(env);
  },
} satisfies ExportedHandler<Env>;
