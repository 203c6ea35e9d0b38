/** Keeps an error in one page from taking the rest of the dashboard with it. */
import { Component, type ReactNode } from "react";
import { Failed } from "../components/states";

/** A page is a file of its own, and is gone from the server once a new version of the dashboard is deployed. */
const FILE_IS_GONE = /dynamically imported module|Importing a module script failed|preload CSS/i;

interface State {
  readonly error: Error | null;
}

export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: unknown): State {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === null) return this.props.children;
    const isOutdated = FILE_IS_GONE.test(error.message);
    const shown = isOutdated
      ? new Error("This page could not be loaded. Maybe there is a new version.")
      : error;
    return (
      <Failed
        error={shown}
        retry={() => {
          location.reload();
        }}
      />
    );
  }
}
