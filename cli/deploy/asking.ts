/** Questions to the user. Without a terminal nobody can answer: then the command fails at once, and names the flag that answers. */
import { cancel, confirm, isCancel, password, select, text } from "@clack/prompts";
import { StepFailure } from "./steps.js";

/** Each question names `instead`: what to give the command, so that it does not have to ask. */
export interface Asking {
  /** Whether there is somebody to ask, and to show something to. */
  readonly isTerminal: boolean;
  confirm: (question: string, instead: string) => Promise<boolean>;
  choose: (
    question: string,
    options: readonly { value: string; label: string }[],
    instead: string,
  ) => Promise<string>;
  /** A word that is typed to show that a warning was read. */
  type: (question: string, instead: string) => Promise<string>;
  /** A value that is not shown while it is typed. */
  typeSecretly: (question: string, instead: string) => Promise<string>;
}

export const isTerminal = (): boolean => process.stdin.isTTY && process.stdout.isTTY;

export const terminal: Asking = {
  get isTerminal() {
    return isTerminal();
  },
  confirm: (question, instead) => ask<boolean>(question, instead, () => confirm({ message: question })),
  choose: (question, options, instead) =>
    ask<string>(question, instead, () => select({ message: question, options: [...options] })),
  type: (question, instead) => ask<string>(question, instead, () => text({ message: question })),
  typeSecretly: (question, instead) => ask<string>(question, instead, () => password({ message: question })),
};

/** Ctrl-C at a question ends the command. */
const CANCELLED = 130;

async function ask<T>(question: string, instead: string, prompt: () => Promise<T | symbol>): Promise<T> {
  if (!isTerminal()) throw new StepFailure(`There is no terminal to ask: ${question}`, instead);
  const answer = await prompt();
  if (!isCancel(answer)) return answer as T;
  cancel("Stopped, as you asked.");
  process.exit(CANCELLED);
}
