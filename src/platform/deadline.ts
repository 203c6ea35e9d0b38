/** A limit to waiting for what may never answer. */

/** What was waited for did not answer in time. */
export class DeadlineError extends Error {}

/** `work`, or a rejection when it has not settled within `limitMs`; `what` names it in the message. */
export async function within<T>(limitMs: number, what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new DeadlineError(`${what} did not answer within ${limitMs} ms`));
    }, limitMs);
  });
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
