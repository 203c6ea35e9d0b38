/** What the API answers. The types are those of the server's own schemas, so they cannot differ from what it sends. */
export type { Assistant } from "../../../src/wire/assistants";
export type { Activity } from "../../../src/wire/crons/activity";
export type { Cron, CronSwitch, CronSwitchForCaller, FoundCron } from "../../../src/wire/crons/cron";
export type { Forecast } from "../../../src/wire/crons/forecast";
export type { CronPolicy } from "../../../src/wire/crons/policy";
export type { Preview, PreviewWarning } from "../../../src/wire/crons/preview";
export type { Figures, Percentiles } from "../../../src/wire/crons/figures";
export type { BackfillPreview, Slot, SlotOrigin, SlotStatus } from "../../../src/wire/crons/slot";
export type { Run, RunStatus } from "../../../src/wire/runs/run";
export type { WireInterrupt as Interrupt, WireState as ThreadState } from "../../../src/wire/threads/state";
export type { Thread, ThreadStatus, ThreadWithTtl } from "../../../src/wire/threads/thread";

import type { z } from "zod";
import type { serverInfo } from "../../../src/wire/system";
export type ServerInfo = z.output<typeof serverInfo>;
