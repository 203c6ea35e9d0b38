/** Crons: reading them, and what is done to them. Query keys begin with "crons", those of one cron with its id after it. */
import { keepPreviousData, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { serverNow } from "../format/server-time";
import { sdk } from "./client";
import { call, callPage } from "./http";
import {
  EVERY_FEW_MINUTES,
  EVERY_FEW_SECONDS,
  EVERY_FEW_SECONDS_WHILE_THERE,
  EVERY_HALF_MINUTE,
  EVERY_TEN_SECONDS,
} from "./query-client";
import type {
  Activity,
  BackfillPreview,
  Cron,
  Figures,
  Forecast,
  FoundCron,
  Preview,
  Run,
  Slot,
  SlotStatus,
} from "./types";

/** What is looked for: fields of the body of `POST /runs/crons/search`. */
export interface CronSearch {
  readonly assistant_id?: string;
  readonly thread_id?: string;
  readonly enabled?: boolean;
  readonly failing?: boolean;
  /** Crons that missed a slot at this instant or later. */
  readonly missed_since?: string;
  /** A text in the id, the schedule, the note or the metadata. */
  readonly query?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly sort_by?: "next_run_date" | "created_at" | "updated_at" | "assistant_id" | "end_time";
  readonly sort_order?: "asc" | "desc";
  readonly limit: number;
  readonly offset: number;
}

const pathOf = (cronId: string): string => `/runs/crons/${encodeURIComponent(cronId)}`;

/** What the lists of crons show of each. */
const SELECT = [
  "cron_id",
  "assistant_id",
  "thread_id",
  "schedule",
  "schedule_description",
  "timezone",
  "next_run_date",
  "end_time",
  "enabled",
  "note",
  "metadata",
  "figures",
  "times_in_30_days",
] as const satisfies readonly (keyof FoundCron)[];

/** A cron in a list, with its figures and its schedule in words. */
export type ListedCron = Required<Pick<FoundCron, (typeof SELECT)[number]>>;

const DAY_MS = 86_400_000;
/** The same instant for some minutes, so that the same question is the same query. */
const STEP_MS = 5 * 60_000;

/** The instant a day before now, or up to some minutes sooner, for `missed_since`. */
export const aDayAgo = (): string => {
  const now = serverNow();
  return new Date(now - (now % STEP_MS) - DAY_MS).toISOString();
};

/** The crons that missed a slot in the last 24 hours. All of them may have, so they are not read often. */
export const useMissedCrons = (limit: number) => {
  const search = { missed_since: aDayAgo(), limit, offset: 0, select: SELECT };
  return useQuery({
    queryKey: ["crons", "missed", limit],
    queryFn: ({ signal }) =>
      callPage<ListedCron>("/runs/crons/search", { method: "POST", body: search, signal }),
    ...EVERY_FEW_MINUTES,
  });
};

export const useCronPage = (search: CronSearch) =>
  useQuery({
    queryKey: ["crons", "search", search],
    queryFn: ({ signal }) =>
      callPage<ListedCron>("/runs/crons/search", {
        method: "POST",
        body: { ...search, select: SELECT },
        signal,
      }),
    placeholderData: keepPreviousData,
    // For a text, the server reads all crons.
    ...(search.query === undefined && search.missed_since === undefined
      ? EVERY_FEW_SECONDS
      : EVERY_HALF_MINUTE),
  });

/** How many crons match. */
export const useCronCount = (filters: Partial<Omit<CronSearch, "limit" | "offset">>, isNeeded = true) =>
  useQuery({
    queryKey: ["crons", "count", filters],
    enabled: isNeeded,
    queryFn: ({ signal }) => call<number>("/runs/crons/count", { method: "POST", body: filters, signal }),
    ...EVERY_TEN_SECONDS,
  });

/** How many crons use an assistant. */
export const useCronCountOf = (assistantId: string) =>
  useQuery({
    queryKey: ["crons", "count of", assistantId],
    queryFn: ({ signal }) =>
      call<number>("/runs/crons/count", { method: "POST", body: { assistant_id: assistantId }, signal }),
    ...EVERY_HALF_MINUTE,
  });

/** The last slots of each of these crons, newest first, by the id of the cron. */
export const useLastSlots = (cronIds: readonly string[], limit: number) =>
  useQuery({
    queryKey: ["crons", "slots", cronIds, limit],
    queryFn: async ({ signal }) => {
      const body = { cron_ids: cronIds, limit };
      const all = await call<{ cron_id: string; slots: Slot[] }[]>("/runs/crons/slots", {
        method: "POST",
        body,
        signal,
      });
      return new Map(all.map(({ cron_id: cronId, slots }) => [cronId, slots]));
    },
    enabled: cronIds.length > 0,
    placeholderData: keepPreviousData,
    ...EVERY_TEN_SECONDS,
  });

/** What all crons did in the last periods, of those that the caller may see. */
export const useActivity = (unit: "hour" | "day", count: number) =>
  useQuery({
    queryKey: ["crons", "activity", unit, count],
    queryFn: ({ signal }) => call<Activity>("/runs/crons/activity", { query: { unit, count }, signal }),
    ...EVERY_HALF_MINUTE,
  });

/** What the crons that are on will use in the next 30 days, of those that the caller may see. */
export const useForecast = () =>
  useQuery({
    queryKey: ["crons", "forecast"],
    queryFn: ({ signal }) => call<Forecast>("/runs/crons/forecast", { signal }),
    ...EVERY_FEW_MINUTES,
  });

export const useCron = (cronId: string) =>
  useQuery({
    queryKey: ["crons", cronId],
    queryFn: ({ signal }) => call<Cron>(pathOf(cronId), { signal }),
    ...EVERY_FEW_SECONDS_WHILE_THERE,
  });

/** A cron as it is now, for a form: it is not read again while somebody types. */
export const useCronOnce = (cronId: string) =>
  useQuery({
    queryKey: ["crons", cronId, "once"],
    queryFn: ({ signal }) => call<Cron>(pathOf(cronId), { signal }),
    staleTime: Infinity,
    gcTime: 0,
  });

/** The cron that something else names, if it does. It may have been deleted since. */
export const useNamedCron = (cronId: string | undefined) =>
  useQuery({
    queryKey: ["crons", cronId],
    queryFn: ({ signal }) => call<Cron>(pathOf(cronId ?? ""), { signal }),
    enabled: cronId !== undefined,
    retry: false,
  });

/** What the list of the crons of an assistant shows of each: not the inputs, which may be large. */
const SELECT_OF_ASSISTANT = [
  "cron_id",
  "schedule",
  "timezone",
  "next_run_date",
  "enabled",
  "metadata",
] as const satisfies readonly (keyof Cron)[];

export type CronOfAssistant = Pick<Cron, (typeof SELECT_OF_ASSISTANT)[number]>;

/** Crons that use an assistant. */
export const useCronsOfAssistant = (
  assistantId: string,
  page: { readonly limit: number; readonly offset: number },
) =>
  useQuery({
    queryKey: ["crons", "of assistant", assistantId, page],
    queryFn: ({ signal }) =>
      callPage<CronOfAssistant>("/runs/crons/search", {
        method: "POST",
        body: { assistant_id: assistantId, ...page, select: SELECT_OF_ASSISTANT },
        signal,
      }),
    placeholderData: keepPreviousData,
    ...EVERY_HALF_MINUTE,
  });

/** The crons that run on a thread. */
export const useCronsOnThread = (threadId: string, limit: number) =>
  useQuery({
    queryKey: ["crons", "on thread", threadId, limit],
    queryFn: ({ signal }) =>
      callPage<Pick<Cron, "cron_id" | "metadata">>("/runs/crons/search", {
        method: "POST",
        body: { thread_id: threadId, limit, select: ["cron_id", "metadata"] },
        signal,
      }),
    ...EVERY_FEW_MINUTES,
  });

export const useCronFigures = (cronId: string) =>
  useQuery({
    queryKey: ["crons", cronId, "figures"],
    queryFn: ({ signal }) => call<Figures>(`${pathOf(cronId)}/figures`, { signal }),
    ...EVERY_FEW_SECONDS,
  });

/** @param before only slots before this time, for the next page */
export const useSlots = (
  cronId: string,
  query: { readonly limit: number; readonly before?: string; readonly status?: SlotStatus },
) =>
  useQuery({
    queryKey: ["crons", cronId, "slots", query],
    queryFn: ({ signal }) => call<Slot[]>(`${pathOf(cronId)}/slots`, { query, signal }),
    placeholderData: keepPreviousData,
    ...EVERY_FEW_SECONDS,
  });

/** How many slots the charts of a cron show. */
const CHARTED_SLOTS = 200;

/** The latest slots that fired, newest first. */
export const useFiredSlots = (cronId: string) =>
  useQuery({
    queryKey: ["crons", cronId, "fired"],
    queryFn: ({ signal }) =>
      call<Slot[]>(`${pathOf(cronId)}/slots`, { query: { limit: CHARTED_SLOTS, status: "fired" }, signal }),
    ...EVERY_HALF_MINUTE,
  });

export const useCronRuns = (
  cronId: string,
  query: { readonly limit: number; readonly offset: number; readonly status?: string },
) =>
  useQuery({
    queryKey: ["crons", cronId, "runs", query],
    queryFn: ({ signal }) => callPage<Run>(`${pathOf(cronId)}/runs`, { query, signal }),
    placeholderData: keepPreviousData,
    ...EVERY_FEW_SECONDS,
  });

/**
 * The next times of a schedule that need not belong to a cron. Nothing is asked while there is no schedule.
 * @param since they are read again when this changes
 */
export const usePreview = (
  body: {
    readonly schedule: string;
    readonly timezone?: string | undefined;
    readonly end_time?: string | undefined;
    readonly count?: number;
  },
  since: string | null = null,
) =>
  useQuery({
    queryKey: ["preview", body, since],
    queryFn: ({ signal }) => call<Preview>("/runs/crons/preview", { method: "POST", body, signal }),
    enabled: body.schedule.trim() !== "",
    placeholderData: keepPreviousData,
    retry: false,
    staleTime: 60_000,
  });

/** Something that is done to one cron: afterwards all that is shown of crons is read again. */
function useCronAction<Input, Answer>(action: (input: Input) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: action,
    onSettled: () => queries.invalidateQueries({ queryKey: ["crons"] }),
  });
}

const post = <Answer>(path: string, body: unknown): Promise<Answer> => call(path, { method: "POST", body });

export const usePauseCron = (cronId: string) =>
  useCronAction((body: { note?: string }) => post<Cron>(`${pathOf(cronId)}/pause`, body));

export const useResumeCron = (cronId: string) =>
  useCronAction((body: { note?: string }) => post<Cron>(`${pathOf(cronId)}/resume`, body));

/** The body has what replaces fields of the cron's own run, such as `input`. */
export const useRunCronNow = (cronId: string) =>
  useCronAction((body: Readonly<Record<string, unknown>>) => post<Slot>(`${pathOf(cronId)}/run`, body));

export const useSkipSlots = (cronId: string) =>
  useCronAction((body: { count: number; note?: string }) => post<Cron>(`${pathOf(cronId)}/skip`, body));

export const useBackfill = (cronId: string) =>
  useCronAction((body: { start: string; end: string }) =>
    post<{ slots: number }>(`${pathOf(cronId)}/backfill`, body),
  );

/** What a backfill of the period would run. Nothing is asked before both of its ends are known. */
export const useBackfillPreview = (cronId: string, start: string | null, end: string | null) =>
  useQuery({
    queryKey: ["crons", cronId, "backfill", start, end],
    queryFn: ({ signal }) =>
      call<BackfillPreview>(`${pathOf(cronId)}/backfill/preview`, {
        method: "POST",
        body: { start, end },
        signal,
      }),
    enabled: start !== null && end !== null,
    retry: false,
  });

export const useDeleteCron = (cronId: string) =>
  useCronAction(async () => (await sdk()).crons.delete(cronId));

/** The body of `POST /runs/crons`; for a cron on a thread, with its `thread_id`. */
export const useCreateCron = () =>
  useCronAction(
    ({ thread_id: threadId, ...body }: { thread_id?: string } & Readonly<Record<string, unknown>>) =>
      post<Cron>(
        threadId === undefined ? "/runs/crons" : `/threads/${encodeURIComponent(threadId)}/runs/crons`,
        body,
      ),
  );

/** The body of `PATCH`: what is absent stays, and null clears. */
export const useChangeCron = (cronId: string) =>
  useCronAction((body: Readonly<Record<string, unknown>>) =>
    call<Cron>(pathOf(cronId), { method: "PATCH", body }),
  );
