/** How late a run began. */
import type { Slot } from "../api/types";

/** In ms; null where nobody waited for the slot's time: the run was asked for by hand, or made long after by a backfill. */
export const latenessOf = ({ origin, lateness_ms: lateness }: Slot): number | null =>
  origin === "manual" || origin === "backfill" ? null : lateness;
