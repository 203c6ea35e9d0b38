/** Runs. Query keys begin with "runs". */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { sdk } from "./client";
import { call, callPage, isNotFound } from "./http";
import { EVERY_FEW_SECONDS, EVERY_SECOND, EVERY_TEN_SECONDS } from "./query-client";
import type { Run, Slot } from "./types";

/** A run that was made just now is known by its id after a second at the latest. */
const UNKNOWN_YET = { tries: 4, delayMs: 500 };

export const isUnderWay = (run: Pick<Run, "status">): boolean =>
  run.status === "pending" || run.status === "running";

/** A run by its id alone, also when its thread is gone. It is read again every second until it has ended and its webhook was called. */
export const useRun = (runId: string) =>
  useQuery({
    queryKey: ["runs", runId],
    queryFn: ({ signal }) => call<Run>(`/runs/${encodeURIComponent(runId)}`, { signal }),
    refetchInterval: ({ state: { data } }) => {
      if (data === undefined) return false;
      if (isUnderWay(data)) return EVERY_SECOND.refetchInterval;
      return data.webhook?.status === "pending" ? EVERY_FEW_SECONDS.refetchInterval : false;
    },
    retry: (failures, error) => isNotFound(error) && failures < UNKNOWN_YET.tries,
    retryDelay: UNKNOWN_YET.delayMs,
  });

/** What is looked for: fields of the body of `POST /runs/search`. */
export interface RunSearch {
  readonly status?: Run["status"];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly created_after?: string;
  readonly limit: number;
  readonly offset: number;
}

export const useRunPage = (search: RunSearch) =>
  useQuery({
    queryKey: ["runs", "search", search],
    queryFn: ({ signal }) => callPage<Run>("/runs/search", { method: "POST", body: search, signal }),
    placeholderData: keepPreviousData,
    ...EVERY_TEN_SECONDS,
  });

/** The slot of a cron that the run was made for. @param scheduledFor of the metadata of the run */
export const useSlotOfRun = (run: Run) => {
  const { cron_id: cronId, scheduled_for: scheduledFor } = run.metadata;
  const at = typeof scheduledFor === "string" ? Date.parse(scheduledFor) : NaN;
  return useQuery({
    queryKey: ["crons", cronId, "slots", "of run", run.run_id, isUnderWay(run)],
    queryFn: async ({ signal }) => {
      // Runs by hand may have the same time as a slot.
      const query = { limit: 10, before: new Date(at + 1).toISOString() };
      const slots = await call<Slot[]>(`/runs/crons/${encodeURIComponent(String(cronId))}/slots`, {
        query,
        signal,
      });
      return slots.find((slot) => slot.run_id === run.run_id) ?? null;
    },
    enabled: typeof cronId === "string" && !Number.isNaN(at),
    retry: false,
  });
};

/** The runs of a thread, the newest first. @param isThere whether there is such a thread; nothing is asked otherwise */
export const useRunsOfThread = (
  threadId: string,
  query: { readonly limit: number; readonly offset: number },
  isThere = true,
) =>
  useQuery({
    queryKey: ["runs", "of thread", threadId, query],
    queryFn: ({ signal }) =>
      callPage<Run>(`/threads/${encodeURIComponent(threadId)}/runs`, { query, signal }),
    enabled: isThere,
    placeholderData: keepPreviousData,
    ...EVERY_FEW_SECONDS,
  });

/** What was done to a run may have changed what is shown of its thread. */
function useRunAction<Input, Answer>(action: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: action,
    onSettled: () =>
      Promise.all([
        queries.invalidateQueries({ queryKey: ["runs"] }),
        queries.invalidateQueries({ queryKey: ["threads"] }),
      ]),
  });
}

export const useCancelRun = (run: Pick<Run, "run_id" | "thread_id">) =>
  useRunAction(async () => (await sdk()).runs.cancel(run.thread_id, run.run_id));

/** Answers an interrupt of a thread by a new run. It fails, and leaves the thread as it is, when somebody has answered before. */
export const useAnswerInterrupt = (threadId: string, assistantId: string) =>
  // The SDK has no field for `strict_resume`.
  useRunAction((resume: unknown) =>
    call<Run>(`/threads/${encodeURIComponent(threadId)}/runs`, {
      method: "POST",
      body: { assistant_id: assistantId, command: { resume }, strict_resume: true },
    }),
  );
