/** What a cron will use: how often it fires, times what a run used on average so far. */
import type { Figures } from "../api/types";
import { counted, formatShort } from "./figures";

export const endedRuns = ({ runs: { success, error, timeout, interrupted } }: Figures): number =>
  success + error + timeout + interrupted;

/** Null before its first run has ended. */
function tokensPerRun(figures: Figures): number | null {
  const runs = endedRuns(figures);
  return runs === 0 ? null : (figures.tokens.input + figures.tokens.output) / runs;
}

/** The tokens of so many firings, such as `≈ 1.2M`; a dash before the first run. */
export function forecastTokens(figures: Figures, times: number): string {
  const each = tokensPerRun(figures);
  if (each === null) return "–";
  const tokens = Math.round(each * times);
  return tokens === 0 ? "0" : `≈\u00a0${formatShort(tokens)}`;
}

/** How the forecast comes about, such as `720 times, about 1,893 tokens each`. */
export function forecastInWords(figures: Figures, times: number): string {
  const each = tokensPerRun(figures);
  const fires = counted(times, "time");
  if (each === null) return `${fires}; it has not run yet`;
  return each === 0
    ? `${fires}; its runs used none so far`
    : `${fires}, about ${formatShort(Math.round(each))} tokens each`;
}
