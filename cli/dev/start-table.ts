/** What `edgecron dev` prints when its server answers: what runs where. The server's crons are shown after it. */
import { styled, type Terminal } from "../crons/terminal.js";

const INDENT = 2;
const TITLE_WIDTH = 11;

/**
 * @param url where the API answers
 * @param hasDashboard whether the dashboard is served
 */
export const startTable = (
  terminal: Pick<Terminal, "columns" | "colours">,
  url: string,
  hasDashboard: boolean,
  graphIds: readonly string[],
): string[] =>
  Object.entries({
    API: [url],
    ...(hasDashboard && { Dashboard: [`${url}/dashboard`] }),
    Docs: [`${url}/docs`],
    Graphs: inLines(terminal.columns, graphIds),
  }).flatMap(([title, lines]) =>
    lines.map((line, index) => {
      const first = styled(terminal, "bold", title) + " ".repeat(TITLE_WIDTH - title.length);
      return `${" ".repeat(INDENT)}${index === 0 ? first : " ".repeat(TITLE_WIDTH)}${line}`;
    }),
  );

/** The words, with commas, in lines that fit beside the titles. */
function inLines(columns: number, words: readonly string[]): string[] {
  const room = columns - INDENT - TITLE_WIDTH;
  return words.reduce<string[]>((lines, word, index) => {
    const text = index < words.length - 1 ? `${word},` : word;
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + text.length > room) return [...lines, text];
    return [...lines.slice(0, -1), `${last} ${text}`];
  }, []);
}
