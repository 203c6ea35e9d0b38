/** The pages: their addresses, and where each is loaded from. A page is loaded when it is first opened. */
import { type ComponentType, lazy, type LazyExoticComponent } from "react";

/** `/dashboard`, with the prefix of the server if it has one. */
export const DASHBOARD_PATH = new URL("dashboard", document.baseURI).pathname;

export interface PageProps {
  /** The parts of the address that the path of the page names, such as `cron_id`. */
  readonly params: Readonly<Record<string, string>>;
}

export interface Page {
  /** After `/dashboard`. */
  readonly path: string;
  readonly Component: LazyExoticComponent<ComponentType<PageProps>>;
}

/** The first whose path matches is shown, so `/crons/new` stands before `/crons/:cron_id`. */
export const PAGES: readonly Page[] = [
  { path: "/", Component: lazy(() => import("./pages/overview/overview-page")) },
  { path: "/crons", Component: lazy(() => import("./pages/crons/crons-page")) },
  { path: "/crons/new", Component: lazy(() => import("./pages/cron-form/new-cron-page")) },
  { path: "/crons/:cron_id", Component: lazy(() => import("./pages/cron/cron-page")) },
  { path: "/crons/:cron_id/edit", Component: lazy(() => import("./pages/cron-form/edit-cron-page")) },
  { path: "/runs/:run_id", Component: lazy(() => import("./pages/run/run-page")) },
  { path: "/threads", Component: lazy(() => import("./pages/threads/threads-page")) },
  { path: "/threads/:thread_id", Component: lazy(() => import("./pages/thread/thread-page")) },
  { path: "/assistants", Component: lazy(() => import("./pages/assistants/assistants-page")) },
  { path: "/assistants/:assistant_id", Component: lazy(() => import("./pages/assistant/assistant-page")) },
];

/** Addresses of pages, as links give them. The router adds `/dashboard`. */
export const addressOf = {
  overview: () => "/",
  crons: () => "/crons",
  newCron: () => "/crons/new",
  newCronWith: (assistantId: string) => `/crons/new?assistant_id=${encodeURIComponent(assistantId)}`,
  cron: (cronId: string) => `/crons/${encodeURIComponent(cronId)}`,
  /** A new cron that begins as a copy of this one. */
  duplicateCron: (cronId: string) => `/crons/new?from=${encodeURIComponent(cronId)}`,
  editCron: (cronId: string) => `/crons/${encodeURIComponent(cronId)}/edit`,
  run: (runId: string) => `/runs/${encodeURIComponent(runId)}`,
  threads: () => "/threads",
  thread: (threadId: string) => `/threads/${encodeURIComponent(threadId)}`,
  assistants: () => "/assistants",
  assistant: (assistantId: string) => `/assistants/${encodeURIComponent(assistantId)}`,
};
