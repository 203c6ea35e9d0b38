/** The page of one thing, for as long as there is nothing to show of it: it is being read, it is not there, or it could not be read. */
import type { UseQueryResult } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { ApiError, isNotFound } from "../api/http";
import { PageFrame } from "./page";
import { Failed, Loading } from "./states";

interface PendingPageProps {
  readonly title: string;
  readonly query: Pick<UseQueryResult, "error" | "refetch">;
  /** What is said when there is no such thing. */
  readonly missing: ReactNode;
}

export function PendingPage({ title, query: { error, refetch }, missing }: PendingPageProps) {
  const isMissing = isNotFound(error) || isNoId(error);
  return (
    <PageFrame title={title}>
      {error === null && <Loading lines={8} />}
      {isMissing && missing}
      {error !== null && !isMissing && <Failed error={error} retry={() => void refetch()} />}
    </PageFrame>
  );
}

/** The id in the address is none: a part of it was left out when it was copied. */
const isNoId = (error: Error | null): boolean => error instanceof ApiError && error.status === 422;
