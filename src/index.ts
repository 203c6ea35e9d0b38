/** Worker entry: HTTP, the cron trigger of the watchdog and the store's sweep, and the two object classes. */
import { app } from "./edge/app";
import type { Env } from "./platform/config";
import { pokeOverdue } from "./edge/watchdog";
import { sweepExpiredItems } from "./d1/store/sweep";

export { CronDO } from "./cron/cron-do";
export { ThreadDO } from "./thread/thread-do";

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    await Promise.all([pokeOverdue(env), sweepExpiredItems(env, controller.scheduledTime)]);
  },
} satisfies ExportedHandler<Env>;
