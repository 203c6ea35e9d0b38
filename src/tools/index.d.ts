/** The types of `edgecron/tools`. */
import type { StructuredToolInterface } from "@langchain/core/tools";

/**
 * Tools with which the model of a graph plans crons on the server that runs the graph: `create_cron`, `list_crons`, `get_cron`,
 * `preview_schedule`, `update_cron`, `pause_cron`, `resume_cron`, `run_cron_now`, `delete_cron` and `cron_history`.
 *
 * They act as the user of the run. A cron is made for the run's assistant and on the run's thread, unless the model says otherwise.
 * Outside of a run on an EdgeCron server they can be bound to a model, and a call of one throws an error.
 *
 * @typeParam Tool the type of tools in the project's own `@langchain/core`, which may be another version than this package has. Where the
 *   tools are given to an agent it need not be named.
 */
export declare function cronTools<Tool = StructuredToolInterface>(): Tool[];
