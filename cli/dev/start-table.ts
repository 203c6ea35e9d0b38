/** What `edgecron dev` prints when its server answers: what runs where. The crons that the project declares are shown after it. */

const TITLE_WIDTH = 8;

/** @param url where the server answers */
export const startTable = (url: string, graphIds: readonly string[]): string[] => [
  row("API", url),
  row("Docs", `${url}/docs`),
  row("Graphs", graphIds.join(", ")),
];

const row = (title: string, text: string): string => `  ${title.padEnd(TITLE_WIDTH)}${text}`;
