/** Structured logs: one JSON object a line, which Workers observability indexes by field. */

type Fields = Record<string, unknown>;

const line = (message: string, fields: Fields): string => JSON.stringify({ message, ...fields });

/** Says what an operator may want to count. */
export const logInfo = (message: string, fields: Fields = {}): void => {
  console.log(line(message, fields));
};

/** Says what an operator should look at, though nothing has failed. */
export const logWarning = (message: string, fields: Fields = {}): void => {
  console.warn(line(message, fields));
};

/** Says what went wrong and was handled; `error` becomes its message and stack. */
export const logError = (message: string, error: unknown, fields: Fields = {}): void => {
  const cause =
    error instanceof Error ? { error: error.message, stack: error.stack } : { error: String(error) };
  console.error(line(message, { ...fields, ...cause }));
};
