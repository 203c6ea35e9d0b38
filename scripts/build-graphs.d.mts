export interface BuildGraphsOptions {
  /** Path of langgraph.json; default `langgraph.json` in the current folder. */
  config?: string;
  /** Path of the module to write; default `.edgecron/graphs.ts` in the current folder. */
  out?: string;
}

/** What is wrong with langgraph.json or a graph it names, in words for its author. */
export declare class GraphConfigError extends Error {}

/**
 * Checks every graph that langgraph.json names and writes a module that imports them.
 * @returns the graph ids, and whether the file was rewritten (it is not when nothing changed).
 * @throws GraphConfigError
 */
export declare function buildGraphs(
  options?: BuildGraphsOptions,
): Promise<{ graphIds: string[]; changed: boolean }>;
