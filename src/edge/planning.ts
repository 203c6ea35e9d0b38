/** Answers the tools for crons that the graphs of runs call, as the user of the run. */
import { createHash } from "node:crypto";
import { projectHandlers } from "../auth/handlers";
import type { PlanCrons, PlanningRun } from "../calls/cron-planning";
import type { JsonObject } from "../platform/json";
import { nestsDeeperThan } from "../platform/json";
import { CRON_TOOLS, type CronToolName } from "../tools/definitions";
import type { ToolAnswer } from "../tools/running";
import type { Caller } from "./caller";
import { answerCronTool } from "./cron-tools";
import { MAX_DEPTH } from "./described-routes";
import type { InnerRoutes } from "./inner-routes";

const refused = (text: string): ToolAnswer => ({ text, data: {}, failed: true });

/** @param routes the server's own routes */
export const planningBy =
  (routes: InnerRoutes): PlanCrons =>
  async (run, place, { name, args, callId }) => {
    if (!isCronTool(name)) return refused(`there is no tool ${name}`);
    if (nestsDeeperThan(args, MAX_DEPTH)) return refused(`${name}: the arguments nest too deep`);
    const caller = callerOf(run);
    if (caller === undefined)
      return refused(`${name}: this run has no user, and only users may plan crons here`);
    const call = routes.asRun(caller, run, place);
    return answerCronTool(call, name, name === "create_cron" ? withDefaults(run, args, callId) : args);
  };

const isCronTool = (name: string): name is CronToolName => CRON_TOOLS.some((tool) => tool.name === name);

/** Whom the tools act for. Undefined when the project's `Auth` would not know the run's maker. */
function callerOf({ user }: PlanningRun): Caller | undefined {
  if (user !== null) return user;
  return projectHandlers() === undefined ? "administrator" : undefined;
}

/** The cron is for the assistant and on the thread of the run, unless the model says otherwise. */
function withDefaults(run: PlanningRun, args: JsonObject, callId: string | undefined): JsonObject {
  return {
    assistant_id: run.assistantId,
    ...(run.threadId === null ? {} : { thread_id: run.threadId }),
    ...args,
    ...(callId === undefined ? {} : { cron_id: cronIdOf(run.runId, callId), if_exists: "do_nothing" }),
  };
}

/** The id of the cron that a call of the tool makes. A node that is executed again, as its host died, makes the same one. */
function cronIdOf(runId: string, callId: string): string {
  const digits = createHash("sha256").update(`${runId}/${callId}`).digest("hex");
  return [
    digits.slice(0, 8),
    digits.slice(8, 12),
    `8${digits.slice(12, 15)}`,
    `8${digits.slice(15, 18)}`,
    digits.slice(18, 30),
  ].join("-");
}
