/** The server itself, and the switch of all crons. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { call } from "./http";
import { EVERY_FEW_SECONDS } from "./query-client";
import type { CronSwitch, CronSwitchForCaller, ServerInfo } from "./types";

export const useServerInfo = () =>
  useQuery({
    queryKey: ["info"],
    queryFn: ({ signal }) => call<ServerInfo>("/info", { signal }),
    staleTime: Infinity,
  });

export const useCronSwitch = () =>
  useQuery({
    queryKey: ["switch"],
    queryFn: ({ signal }) => call<CronSwitchForCaller>("/runs/crons/switch", { signal }),
    ...EVERY_FEW_SECONDS,
  });

/** Stops every cron, or starts them again. */
export function useSetCronSwitch() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ stopped, note }: { stopped: boolean; note?: string }) =>
      call<CronSwitch>(`/runs/crons/${stopped ? "stop" : "start"}`, {
        method: "POST",
        body: { ...(note && { note }) },
      }),
    onSuccess: (answer) => {
      queries.setQueryData<CronSwitchForCaller>(["switch"], { ...answer, may_change: true });
      return queries.invalidateQueries({ queryKey: ["crons"] });
    },
  });
}
