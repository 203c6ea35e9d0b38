/** Threads. Query keys begin with "threads". */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { call, callPage } from "./http";
import { EVERY_FEW_SECONDS, EVERY_FEW_SECONDS_WHILE_THERE, EVERY_SECOND } from "./query-client";
import type { Thread, ThreadState, ThreadStatus, ThreadWithTtl } from "./types";

/** What is looked for: fields of the body of `POST /threads/search`. */
export interface ThreadSearch {
  readonly status?: ThreadStatus;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly used_by_crons?: boolean;
  readonly sort_by?: "created_at" | "updated_at" | "status";
  readonly sort_order?: "asc" | "desc";
  readonly select?: readonly string[];
  readonly limit: number;
  readonly offset: number;
}

const pathOf = (threadId: string): string => `/threads/${encodeURIComponent(threadId)}`;

export const useThreadPage = (search: ThreadSearch) =>
  useQuery({
    queryKey: ["threads", "search", search],
    queryFn: ({ signal }) => callPage<Thread>("/threads/search", { method: "POST", body: search, signal }),
    placeholderData: keepPreviousData,
    ...EVERY_FEW_SECONDS,
  });

export const useThread = (threadId: string) =>
  useQuery({
    queryKey: ["threads", threadId],
    queryFn: ({ signal }) => call<ThreadWithTtl>(pathOf(threadId), { query: { include: "ttl" }, signal }),
    ...EVERY_FEW_SECONDS_WHILE_THERE,
  });

export const useThreadState = (threadId: string) =>
  useQuery({
    queryKey: ["threads", threadId, "state"],
    queryFn: ({ signal }) => call<ThreadState>(`${pathOf(threadId)}/state`, { signal }),
    ...EVERY_FEW_SECONDS_WHILE_THERE,
  });

/** One state of a thread. Nothing is asked while there is no id. */
export const useStateAt = (threadId: string, checkpointId: string | null) =>
  useQuery({
    queryKey: ["threads", threadId, "state", checkpointId],
    queryFn: ({ signal }) => call<ThreadState>(`${pathOf(threadId)}/state/${checkpointId ?? ""}`, { signal }),
    enabled: checkpointId !== null,
    staleTime: Infinity,
  });

/** What a page of the history shows of each state: not the values, which may be large. */
const OUTLINE = ["next", "tasks", "metadata", "created_at", "checkpoint", "interrupts"];

/** States of a thread, the newest first. @param before only states older than this checkpoint */
export const useHistory = (threadId: string, query: { readonly limit: number; readonly before?: string }) =>
  useQuery({
    queryKey: ["threads", threadId, "history", query],
    queryFn: ({ signal }) =>
      call<Omit<ThreadState, "values">[]>(`${pathOf(threadId)}/history`, {
        method: "POST",
        body: { ...query, select: OUTLINE },
        signal,
      }),
    placeholderData: keepPreviousData,
    // What is older than a checkpoint does not change.
    ...(query.before === undefined ? EVERY_FEW_SECONDS_WHILE_THERE : { staleTime: Infinity }),
  });

/** The newest state that a run has written; null when it has written none. It is read every second while the run is under way. */
export const useStateOfRun = (threadId: string, runId: string, isUnderWay: boolean) =>
  useQuery({
    queryKey: ["threads", threadId, "state of run", runId, isUnderWay],
    queryFn: ({ signal }) => newestState(threadId, { run_id: runId }, undefined, signal),
    placeholderData: keepPreviousData,
    refetchInterval: ({ state: { error } }) =>
      isUnderWay && error === null ? EVERY_SECOND.refetchInterval : false,
    retry: false,
  });

/** A part of the values before a run; null when no state of that time is kept. @param key of the values; null: nothing is asked */
export const useValueBeforeRun = (threadId: string, runId: string, key: string | null) =>
  useQuery({
    queryKey: ["threads", threadId, "before run", runId, key],
    queryFn: async ({ signal }) => {
      // The state with which a run begins has its input still to come.
      const began = { run_id: runId, source: "input" };
      const state = await newestState(threadId, began, [`values.${key ?? ""}`], signal);
      return (state?.values as Record<string, unknown> | null | undefined)?.[key ?? ""] ?? null;
    },
    enabled: key !== null,
    staleTime: Infinity,
    retry: false,
  });

async function newestState(
  threadId: string,
  metadata: Readonly<Record<string, string>>,
  select: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<ThreadState | null> {
  const body = { limit: 1, metadata, ...(select && { select }) };
  const [state] = await call<ThreadState[]>(`${pathOf(threadId)}/history`, { method: "POST", body, signal });
  return state ?? null;
}
