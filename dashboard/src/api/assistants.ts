/** Assistants. Query keys begin with "assistants". */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { shortId, shortName } from "../format/figures";
import { sdk } from "./client";
import { call, callPage } from "./http";
import type { Assistant } from "./types";

const SELDOM_MS = 60_000;

export const useAssistantPage = (search: {
  readonly limit: number;
  readonly offset: number;
  /** A part of the name. */
  readonly name?: string;
}) =>
  useQuery({
    queryKey: ["assistants", "search", search],
    queryFn: ({ signal }) =>
      callPage<Assistant>("/assistants/search", { method: "POST", body: search, signal }),
    placeholderData: keepPreviousData,
    staleTime: SELDOM_MS,
  });

/** How many assistants are asked for their names. The others are called by the first digits of their ids. */
const NAMED_ASSISTANTS = 1_000;

/** Returns a function that tells the name of an assistant. */
export function useAssistantNames(): (assistantId: string) => string {
  const { data } = useQuery({
    queryKey: ["assistants", "names"],
    queryFn: async ({ signal }) => {
      const body = { limit: NAMED_ASSISTANTS, select: ["assistant_id", "name", "graph_id"] };
      const { items } = await callPage<Pick<Assistant, "assistant_id" | "name" | "graph_id">>(
        "/assistants/search",
        {
          method: "POST",
          body,
          signal,
        },
      );
      return new Map(
        items.map(({ assistant_id: id, name, graph_id: graph }) => [
          id,
          shortName(name === "" ? graph : name),
        ]),
      );
    },
    staleTime: SELDOM_MS,
  });
  return (assistantId) => data?.get(assistantId) ?? shortId(assistantId);
}

export const useAssistant = (assistantId: string | undefined) =>
  useQuery({
    queryKey: ["assistants", assistantId],
    queryFn: ({ signal }) =>
      call<Assistant>(`/assistants/${encodeURIComponent(assistantId ?? "")}`, { signal }),
    enabled: assistantId !== undefined,
    staleTime: SELDOM_MS,
  });

/** The versions of an assistant, the newest first. */
export const useAssistantVersions = (assistantId: string) =>
  useQuery({
    queryKey: ["assistants", assistantId, "versions"],
    queryFn: ({ signal }) =>
      callPage<Assistant>(`/assistants/${encodeURIComponent(assistantId)}/versions`, {
        method: "POST",
        body: { limit: 50 },
        signal,
      }),
    staleTime: SELDOM_MS,
  });

/** The JSON schemas of the assistant's graph: `input_schema` is what a form for its input is made of. */
export const useAssistantSchemas = (assistantId: string | undefined) =>
  useQuery({
    queryKey: ["assistants", assistantId, "schemas"],
    queryFn: async () => (await sdk()).assistants.getSchemas(assistantId ?? ""),
    enabled: assistantId !== undefined,
    staleTime: SELDOM_MS,
  });
