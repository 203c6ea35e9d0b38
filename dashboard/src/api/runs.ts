/** Runs. Query keys begin with "runs". */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { sdk } from "./client";
import { ApiError, callPage } from "./http";
import { EVERY_SECOND, EVERY_TEN_SECONDS } from "./query-client";
import type { Run } from "./types";

export const isUnderWay = (run: Pick<Run, "status">): boolean =>
  run.status === "pending" || run.status === "running";

/** A run by its id alone, also when its thread is gone. It is read again every second until it has ended. */
export const useRun = (runId: string) =>
  useQuery({
    queryKey: ["runs", runId],
    queryFn: async ({ signal }) => {
      const body = { run_ids: [runId], limit: 1 };
      const [run] = (await callPage<Run>("/runs/search", { method: "POST", body, signal })).items;
      if (run === undefined) throw new ApiError("There is no run with this id.", 404, "run.not_found");
      return run;
    },
    refetchInterval: ({ state }) =>
      state.data !== undefined && isUnderWay(state.data) ? EVERY_SECOND.refetchInterval : false,
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

export function useCancelRun(run: Pick<Run, "run_id" | "thread_id">) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: async () => (await sdk()).runs.cancel(run.thread_id, run.run_id),
    onSettled: () => queries.invalidateQueries({ queryKey: ["runs", run.run_id] }),
  });
}
