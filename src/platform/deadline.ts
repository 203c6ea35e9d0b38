/** Limits how long a caller waits for an answer that may never come. */

/** The error that no answer came in time. */
export class DeadlineError extends Error {}

/**
 * The result of `work`, when it settles in time. The work itself is not stopped when the time is over.
 * @param limitMs how long to wait, in ms
 * @param callee names in the message who did not answer
 * @throws DeadlineError when `work` has not settled within `limitMs`
 */
export async function within<T>(limitMs: number, callee: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(`${callee} did not answer within ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
