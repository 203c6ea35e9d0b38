/**
 * The entry of the Worker. It answers HTTP requests, does the work of the cron trigger each minute, and exports the two classes of
 * objects.
 */
import { env } from "cloudflare:workers";
import { forgetOldDeletions } from "./d1/deleted-threads";
import { countRuns, rebuildCronSumsDaily } from "./d1/metric-sums";
import { removeOldRuns } from "./d1/old-runs";
import { sumRunHours } from "./d1/run-hours";
import { sweepExpiredItems } from "./d1/store/ttl";
import { providePlanning } from "./calls/cron-planning";
import { warnOfOpenAccess } from "./edge/access";
import { app, inner } from "./edge/app";
import { planningBy } from "./edge/planning";
import { pokeOverdue } from "./edge/watchdog";
import type { Env } from "./platform/config";
import { logError } from "./platform/log";

providePlanning(planningBy(inner));

export { CronDO } from "./cron/cron-do";
export { SocketCommands } from "./edge/socket-commands";
export { ThreadDO } from "./thread/thread-do";

warnOfOpenAccess(env);

export default {
  fetch: app.fetch,
  async scheduled(controller, env) {
    // The handler ends when all have ended: the platform may stop what is under way once the handler has thrown.
    const results = await Promise.allSettled([
      pokeOverdue(env),
      sweepExpiredItems(env, controller.scheduledTime),
      forgetOldDeletions(env.DB, controller.scheduledTime),
      // Runs are counted before old ones are removed.
      countRuns(env.DB, controller.scheduledTime)
        .finally(() => sumRunHours(env.DB, controller.scheduledTime))
        .finally(() => removeOldRuns(env)),
      rebuildCronSumsDaily(env.DB, controller.scheduledTime),
    ]);
    for (const result of results) {
      if (result.status === "rejected") logError("a part of the minute's work failed", result.reason);
    }
  },
} satisfies ExportedHandler<Env>;
