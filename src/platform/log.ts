/** Structured logs: each line is one JSON object, so that Workers observability can search by field. */

/** What a line says besides its message. */
export type LogFields = Record<string, unknown>;

const line = (message: string, fields: LogFields): string => JSON.stringify({ message, ...fields });

/** Logs what an operator may want to count. */
export const logInfo = (message: string, fields: LogFields = {}): void => {
  console.log(line(message, fields));
};

/** Logs what an operator should look at, though nothing has failed. */
export const logWarning = (message: string, fields: LogFields = {}): void => {
  console.warn(line(message, fields));
};

/** Logs a failure that was handled, with the message and the stack of `error`. */
export const logError = (message: string, error: unknown, fields: LogFields = {}): void => {
  const cause =
    error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) };
  console.error(line(message, { ...fields, ...cause }));
};
