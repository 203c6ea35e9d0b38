/**
 * The runs that plan crons: whose graphs have the tools of `edgecron/tools`. The edge answers the tools, through the routes of crons.
 * The object of a thread, which executes the graph, must not import the edge, so the entry of the Worker provides the edge's part here.
 */
import type { Env } from "../platform/config";
import type { ToolAnswer, ToolCall } from "../tools/running";
import type { User } from "./user";

/** Crons that come from one another: a run of the first made the second, and so on. */
export interface CronChain {
  /** The id of the first cron, which no run of a cron made. */
  id: string;
  /** How many crons come before: 0 for the first. */
  depth: number;
}

/** A run that plans crons. */
export interface PlanningRun {
  runId: string;
  assistantId: string;
  /** The thread on which its crons go on, unless its model says otherwise. Null when the thread goes with the run. */
  threadId: string | null;
  /** As whom it plans; null when no user made it. */
  user: User | null;
  /** The cron that made the run, and its chain; null when no cron made it. */
  cron: { cronId: string; chain: CronChain } | null;
}

/** Where the run is executed. */
export interface PlanningPlace {
  env: Env;
  context: Pick<ExecutionContext, "waitUntil">;
}

/** Answers a tool that the graph of a run has called. Never throws. */
export type PlanCrons = (run: PlanningRun, place: PlanningPlace, call: ToolCall) => Promise<ToolAnswer>;

let provided: PlanCrons | undefined;

/** For the entry of the Worker. */
export function providePlanning(planCrons: PlanCrons): void {
  provided = planCrons;
}

/** @throws Error when the entry of the Worker has provided nothing */
export const planCrons: PlanCrons = (...call) => {
  if (provided === undefined) throw new Error("the entry of the Worker has not provided the tools of crons");
  return provided(...call);
};
