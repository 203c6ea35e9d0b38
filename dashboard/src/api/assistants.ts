/** Assistants. Query keys begin with "assistants". */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { client } from "./client";
import { callPage } from "./http";
import type { Assistant } from "./types";

const SELDOM_MS = 60_000;

export const useAssistantPage = (search: { readonly limit: number; readonly offset: number }) =>
  useQuery({
    queryKey: ["assistants", "search", search],
    queryFn: ({ signal }) =>
      callPage<Assistant>("/assistants/search", { method: "POST", body: search, signal }),
    placeholderData: keepPreviousData,
    staleTime: SELDOM_MS,
  });

export const useAssistant = (assistantId: string | undefined) =>
  useQuery({
    queryKey: ["assistants", assistantId],
    queryFn: () => client.assistants.get(assistantId ?? ""),
    enabled: assistantId !== undefined,
    staleTime: SELDOM_MS,
  });

/** The JSON schemas of the assistant's graph: `input_schema` is what a form for its input is made of. */
export const useAssistantSchemas = (assistantId: string | undefined) =>
  useQuery({
    queryKey: ["assistants", assistantId, "schemas"],
    queryFn: () => client.assistants.getSchemas(assistantId ?? ""),
    enabled: assistantId !== undefined,
    staleTime: SELDOM_MS,
  });
