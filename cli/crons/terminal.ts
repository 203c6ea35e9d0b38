/** Where the commands write, and how: for people, within the width of their terminal and in their zone, or as JSON for scripts. */
import { stripVTControlCharacters, styleText } from "node:util";

export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan";

export interface Terminal {
  /** Writes a result. */
  print(text: string): void;
  /** Writes what is no result: warnings, and questions' answers. */
  say(text: string): void;
  /** How many characters a line has. */
  readonly columns: number;
  /** Whether the text may be coloured. */
  readonly colours: boolean;
  /** The IANA zone in which times are shown. */
  readonly zone: string;
  /** The present instant in ms. */
  now(): number;
}

/** Output that no terminal takes, such as a file's, has no width of its own. */
const COLUMNS_ELSEWHERE = 120;

/** The terminal of this process. Colours are for terminals, and for people who did not set NO_COLOR. */
export function processTerminal(): Terminal {
  const { stdout, stderr, env } = process;
  return {
    print: (text) => stdout.write(`${text}\n`),
    say: (text) => stderr.write(`${text}\n`),
    columns: stdout.isTTY ? stdout.columns : COLUMNS_ELSEWHERE,
    colours: stdout.isTTY && (env.NO_COLOR ?? "") === "" && env.TERM !== "dumb",
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
    now: () => Date.now(),
  };
}

/** The text in a style, where there are colours. */
export const styled = ({ colours }: Pick<Terminal, "colours">, style: Style, text: string): string =>
  colours ? styleText(style, text, { validateStream: false }) : text;

/**
 * A text of the server's on one line. Whoever wrote it must not steer the terminal: a note or a model's error may hold any
 * characters.
 */
export const plain = (text: string): string =>
  stripVTControlCharacters(text)
    .replace(/\s+/gu, " ")
    .replace(/[\p{Cc}\p{Bidi_Control}]/gu, "")
    .trim();

/** Prints a value for scripts. */
export function printJson(terminal: Terminal, value: unknown): void {
  terminal.print(JSON.stringify(value, null, 2));
}
