/** Sending an answer: whether it is on its way, and what went wrong. */
import { useState } from "react";

export interface Sending {
  readonly isSending: boolean;
  readonly error: Error | null;
  /** @param answer makes the value. What it throws is shown as what is wrong with what was typed */
  readonly send: (answer: () => unknown) => Promise<void>;
}

export function useSending(onAnswer: (value: unknown) => Promise<void>): Sending {
  const [isSending, setSending] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const send = async (answer: () => unknown): Promise<void> => {
    setSending(true);
    setError(null);
    try {
      await onAnswer(answer());
    } catch (failure) {
      setError(failure as Error);
    } finally {
      setSending(false);
    }
  };
  return { isSending, error, send };
}

/** The value that JSON text stands for. @throws Error that says what is wrong */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new Error(`${what}: this is not JSON. ${(error as Error).message}`, { cause: error });
  }
}
