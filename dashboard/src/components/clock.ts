/** The present instant, for what counts down. It stands still while nobody sees the tab. */
import { useEffect, useState } from "react";
import { serverNow } from "../format/server-time";

/** Now in ms, read again after each interval. */
export function useNow(intervalMs = 1_000): number {
  const [now, setNow] = useState(serverNow);
  useEffect(() => {
    const read = (): void => {
      if (!document.hidden) setNow(serverNow());
    };
    const timer = setInterval(read, intervalMs);
    document.addEventListener("visibilitychange", read);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", read);
    };
  }, [intervalMs]);
  return now;
}
