/** How answers are kept and asked for again. */
import { QueryClient } from "@tanstack/react-query";
import { ApiError, isNotFound } from "./http";

const RETRIES = 2;
const STALE_MS = 2_000;

/** What is late by a few seconds: lists and tables. */
export const EVERY_FEW_SECONDS = { refetchInterval: 5_000 } as const;
/** The same for one thing: once it is gone, nobody asks for it again. */
export const EVERY_FEW_SECONDS_WHILE_THERE = {
  refetchInterval: ({ state: { error } }: { state: { error: Error | null } }) =>
    isNotFound(error) ? (false as const) : EVERY_FEW_SECONDS.refetchInterval,
};
/** What takes a call for each of many crons. */
export const EVERY_TEN_SECONDS = { refetchInterval: 10_000 } as const;
/** What changes while one looks at it: a run that is under way. */
export const EVERY_SECOND = { refetchInterval: 1_000 } as const;
/** What changes seldom or costs more: sums and charts. */
export const EVERY_HALF_MINUTE = { refetchInterval: 30_000 } as const;
/** What is read from all crons. */
export const EVERY_FEW_MINUTES = { refetchInterval: 5 * 60_000, staleTime: 60_000 } as const;

export function queryClientFor(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: STALE_MS,
        // A tab that nobody sees asks for nothing.
        refetchIntervalInBackground: false,
        retry: (failures, error) => failures < RETRIES && isTransient(error),
      },
      mutations: { retry: false },
    },
  });
}

/** Whether the same request may be answered in a moment. */
const isTransient = (error: Error): boolean =>
  error instanceof ApiError && (error.status === 0 || error.status >= 500);
