/** The values of a run while it is under way, as its stream tells them. They are all that is left when the thread goes with the run. */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { sdk } from "../../api/client";
import type { Run } from "../../api/types";

/** The last values that the stream told; undefined before the first. The stream is closed while nobody sees the tab. */
export function useLiveValues({ run_id: runId, thread_id: threadId, status }: Run): unknown {
  const [values, setValues] = useState<unknown>(undefined);
  const isVisible = useVisible();
  const queries = useQueryClient();
  const isRunning = status === "running" && isVisible;
  useEffect(() => {
    if (!isRunning) return undefined;
    const controller = new AbortController();
    const read = async (): Promise<void> => {
      const options = { streamMode: ["values" as const], signal: controller.signal };
      const client = await sdk();
      for await (const { event, data } of client.runs.joinStream(threadId, runId, options)) {
        if (event === "values") setValues(data);
      }
      await queries.invalidateQueries({ queryKey: ["runs", runId] });
    };
    // Without the stream the page shows what it reads each second.
    read().catch(() => undefined);
    return () => {
      controller.abort();
    };
  }, [isRunning, runId, threadId, queries]);
  return values;
}

function useVisible(): boolean {
  const [isVisible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const read = (): void => {
      setVisible(!document.hidden);
    };
    document.addEventListener("visibilitychange", read);
    return () => {
      document.removeEventListener("visibilitychange", read);
    };
  }, []);
  return isVisible;
}
