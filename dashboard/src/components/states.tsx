/** What stands where data is to be: it is coming, there is none, or it could not be had. */
import { Button, Skeleton } from "@mantine/core";
import type { UseQueryResult } from "@tanstack/react-query";
import { CircleAlert, type LucideIcon } from "lucide-react";
import type { ReactNode } from "react";
import { ApiError } from "../api/http";
import classes from "./states.module.css";

const ICON_SIZE = 28;

/** Lines in the place of data that is coming. */
export function Loading({ label = "Loading", lines = 4 }: { label?: string; lines?: number }) {
  return (
    <div role="status" aria-label={label} className={classes.loading}>
      {Array.from({ length: lines }, (_, index) => (
        <Skeleton key={index} height={14} width={index === lines - 1 ? "55%" : "100%"} animate={false} />
      ))}
    </div>
  );
}

interface EmptyProps {
  readonly Icon: LucideIcon;
  readonly title: string;
  /** What the viewer can do about it. */
  readonly children?: ReactNode;
}

/** There is nothing to show, and why. */
export function Empty({ Icon, title, children }: EmptyProps) {
  return (
    <div className={classes.empty}>
      <Icon size={ICON_SIZE} aria-hidden />
      <p className={classes.title}>{title}</p>
      {children !== undefined && <div className={classes.text}>{children}</div>}
    </div>
  );
}

/** Something could not be had: what the server said, and a button to try again. */
export function Failed({ error, retry }: { error: Error; retry?: () => void }) {
  const code = error instanceof ApiError ? error.code : "";
  return (
    <div role="alert" className={classes.failed}>
      <CircleAlert size={20} aria-hidden />
      <div className={classes.said}>
        <p>{error.message}</p>
        {code !== "" && <code>{code}</code>}
      </div>
      {retry !== undefined && (
        <Button size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface LoadedProps<Data> {
  readonly query: UseQueryResult<Data>;
  readonly lines?: number;
  readonly children: (data: Data) => ReactNode;
}

/** What a query answered; until then lines in its place, and its failure when there is nothing older to show. */
export function Loaded<Data>({ query, lines = 4, children }: LoadedProps<Data>) {
  if (query.data !== undefined) return <>{children(query.data)}</>;
  if (query.error !== null) return <Failed error={query.error} retry={() => void query.refetch()} />;
  return <Loading lines={lines} />;
}
