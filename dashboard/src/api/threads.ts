/** Threads. Query keys begin with "threads". */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { sdk } from "./client";
import { callPage } from "./http";
import { EVERY_FEW_SECONDS } from "./query-client";
import type { Thread, ThreadStatus } from "./types";

/** What is looked for: fields of the body of `POST /threads/search`. */
export interface ThreadSearch {
  readonly status?: ThreadStatus;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly sort_by?: "created_at" | "updated_at" | "status";
  readonly sort_order?: "asc" | "desc";
  readonly limit: number;
  readonly offset: number;
}

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
    queryFn: async () => (await sdk()).threads.get(threadId),
    ...EVERY_FEW_SECONDS,
  });

export const useThreadState = (threadId: string) =>
  useQuery({
    queryKey: ["threads", threadId, "state"],
    queryFn: async () => (await sdk()).threads.getState(threadId),
    ...EVERY_FEW_SECONDS,
  });
