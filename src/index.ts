/** Worker entry: HTTP, the cron trigger of the watchdog and the store's sweep, and the two object classes. */
import { app } from "./app";
import type { Env } from "./config";
import { pokeOverdue } from "./crons/watchdog";
import { sweepExpiredItems } from "./store/sweep";

export { CronDO } from "./crons/cron-do";
export { ThreadDO } from "./threads/thread-do";

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await Promise.all([pokeOverdue(env), sweepExpiredItems(env, controller.scheduledTime)]);
  },
} satisfies ExportedHandler<Env>;
