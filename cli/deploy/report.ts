/** What a command with steps prints: a line for each step when it is done, and what goes on meanwhile. */
import { spinner } from "@clack/prompts";
import { processTerminal, styled } from "../crons/terminal.js";
import { isTerminal } from "./asking.js";
import type { StepFailure } from "./steps.js";

export interface Report {
  start: (title: string) => void;
  /** Ends what {@link start} shows, so that a question can be asked or more can be printed. */
  pause: () => void;
  done: (title: string, what: string) => void;
  failed: (title: string, failure: StepFailure) => void;
  planned: (number: number, title: string, what: readonly string[]) => void;
  line: (text?: string) => void;
}

/** Prints to the terminal; where there is none, without what moves. */
export function consoleReport(): Report {
  const terminal = processTerminal();
  let shown: ReturnType<typeof spinner> | null = null;
  const pause = (): void => {
    shown?.clear();
    shown = null;
  };
  const line = (text = ""): void => {
    pause();
    console.log(text);
  };
  return {
    start(title) {
      pause();
      if (!isTerminal()) return;
      shown = spinner({ indicator: "timer", withGuide: false });
      shown.start(title);
    },
    pause,
    done: (title, what) => {
      line(`${styled(terminal, "green", "✓")} ${styled(terminal, "bold", title)}: ${what}`);
    },
    failed(title, { message, advice, original }) {
      pause();
      console.error(`${styled(terminal, "red", "✗")} ${styled(terminal, "bold", title)}: ${message}`);
      console.error(`\n${indented(advice)}`);
      if (original !== "") console.error(`\n${styled(terminal, "dim", indented(original, "  | "))}`);
    },
    planned: (number, title, what) => {
      line(`${number}. ${styled(terminal, "bold", title)}`);
      for (const sentence of what) line(`   ${sentence}`);
    },
    line,
  };
}

const indented = (text: string, by = "  "): string =>
  text
    .split("\n")
    .map((each) => (by + each).trimEnd())
    .join("\n");
