/** Worker entry: HTTP, the cron trigger of the watchdog and the store's sweep, and the two object classes. */
import { forgetOldDeletions } from "./d1/deleted-threads";
import { sweepExpiredItems } from "./d1/store/sweep";
import { app } from "./edge/app";
import { pokeOverdue } from "./edge/watchdog";
import type { Env } from "./platform/config";

export { CronDO } from "./cron/cron-do";
export { ThreadDO } from "./thread/thread-do";

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await Promise.all([
      pokeOverdue(env),
      sweepExpiredItems(env, controller.scheduledTime),
      forgetOldDeletions(env.DB, controller.scheduledTime),
    ]);
  },
} satisfies ExportedHandler<Env>;
