/** Types of check.mjs and plan.mjs, for tests. */
export interface Plan {
  name: string;
  kind: "delete" | "keep" | "thread";
  graph: "fast" | "slow";
  strategy: string | null;
  durability: string;
  catchup: "all" | "latest" | "skip";
  seconds: number[];
  minutes: number;
}

export interface Span {
  from: number;
  to: number;
}

export interface ObservedCron {
  cronId: string;
  plan: Plan;
  created: Span;
  paused: Span;
  threadId: string | null;
  slots: { scheduled_for: string; status: string; reason: string | null; run_id: string | null }[];
  runs: {
    run_id: string;
    thread_id: string;
    status: string;
    attempts: number;
    created_at: string;
    updated_at: string;
    metadata: { scheduled_for: string };
    error?: { message: string };
  }[];
  figures: { slots: Record<string, number>; runs: Record<string, number> };
  notes: { scheduledFor: string; node: string; attempt: number; at: number }[];
}

export interface Observation {
  crons: ObservedCron[];
  threads: Map<string, { status: string; trail: string[] }>;
  kills: Span[];
}

export function deviations(observation: Observation): string[];
