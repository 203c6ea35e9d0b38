/**
 * An interrupt is answered once. LangGraph would take a second answer, too, and give it to whatever the graph asks next. So a run is
 * refused that answers an interrupt while another run goes on with an answer to it.
 */
import type { NewRun } from "../../calls/run";
import { now } from "../../platform/clock";
import { DomainError } from "../../platform/errors";
import { isJsonObject } from "../../platform/json";
import { readSnapshot } from "../state/thread-state";
import type { ThreadContext } from "../thread-context";

type Kwargs = NewRun["kwargs"];

/** The ids of the interrupts that a run answers. Undefined when it answers none, or does so without ids. */
function answeredIds({ command, strict_resume }: Kwargs): string[] | undefined {
  const resume = command?.resume;
  return strict_resume === true && isJsonObject(resume) ? Object.keys(resume) : undefined;
}

const resumes = ({ command }: Kwargs): boolean => command?.resume !== undefined;

/**
 * Runs of the older API that name no ids are let through, as LangGraph's own server does, and so are runs that stop the earlier ones.
 * @throws run.exists
 */
export function requireUnanswered(context: ThreadContext, run: NewRun): void {
  const { runId, threadId, kwargs, multitaskStrategy } = run;
  if (multitaskStrategy !== "enqueue") return;
  const ids = answeredIds(kwargs);
  const isChecked = ids !== undefined || (resumes(kwargs) && kwargs.protocol === true);
  if (!isChecked || !context.hasTables()) return;
  for (const otherId of context.runs.unfinishedIds(threadId)) {
    const other = context.runs.get(otherId);
    if (other === undefined || otherId === runId || other.startAt > now() || !resumes(other.kwargs)) continue;
    const othersIds = answeredIds(other.kwargs);
    const isSame = ids === undefined || othersIds === undefined || ids.some((id) => othersIds.includes(id));
    if (isSame) throw answered(ids, `run ${otherId} goes on with an answer`);
  }
}

/**
 * For runs whose clients have read what the thread waits for: the interrupts may have been answered since then.
 * @throws run.exists when an interrupt that the run names does not wait for an answer any more
 */
export async function requireWaiting(context: ThreadContext, run: NewRun): Promise<void> {
  const { threadId, kwargs } = run;
  const ids = answeredIds(kwargs);
  const thread = context.hasTables() ? context.threads.find(threadId) : undefined;
  if (ids === undefined || thread === undefined) return;
  const { interrupts } = await readSnapshot(context.storage, thread);
  // A run that has ended meanwhile may have answered them.
  if (context.threads.find(threadId)?.lastRun?.runId !== thread.lastRun?.runId)
    return requireWaiting(context, run);
  const waiting = Object.values(interrupts).flatMap((asked) => asked.map(({ id }) => id));
  const gone = ids.filter((id) => !waiting.includes(id));
  if (gone.length > 0) throw answered(gone, "the thread has gone on");
}

/** @param ids those that were answered. @param why what is the matter with them */
function answered(ids: readonly string[] | undefined, why: string): DomainError {
  const which = ids === undefined ? "the interrupt" : `interrupt "${ids.join('", "')}"`;
  return new DomainError("run.exists", `interrupt_id: ${which} waits for no answer any more: ${why}`);
}
