/**
 * The runs of crons that have ended here lately. A call that has a run enqueued may arrive after its cron was told that it has failed. The cron
 * sends the run again, and that run may have ended by then, so that nothing of it is stored. It must not be executed a second time.
 *
 * The ids are kept in memory. A call is refused when it is 30 seconds old. So the run can be executed again only if the object leaves the memory
 * within these 30 seconds.
 */

/** How many runs are remembered. */
const MAX_REMEMBERED = 1_000;

export class RecentEnds {
  private readonly runIds = new Set<string>();

  note(runId: string): void {
    this.runIds.add(runId);
    const [oldest] = this.runIds;
    if (this.runIds.size > MAX_REMEMBERED && oldest !== undefined) this.runIds.delete(oldest);
  }

  has(runId: string): boolean {
    return this.runIds.has(runId);
  }
}
