export interface BuildGraphsOptions {
  /** Path of langgraph.json; default `langgraph.json` in the current folder. */
  config?: string;
  /** Path of the module to write; default `.edgecron/graphs.ts` in the current folder. */
  out?: string;
  /** A graph that is wrong stands for its own error, and the others are served. */
  keepGoing?: boolean;
  /** Missing imports that fail only when they are reached: those for which the bundler was given stand-ins. */
  standIns?: string[];
  /**
   * By graph id, a graph that the Worker could not load: the error that it stands for, and the state of its files then. One
   * whose files were written since is tried again.
   */
  notLoaded?: Record<string, { message: string; state: string }>;
  /** Told of each graph before it is loaded. */
  onGraph?: (graph: { id: string; path: string }, index: number, count: number) => void;
}

/** What came of a build. */
export interface BuiltGraphs {
  graphIds: string[];
  /** Whether the file was rewritten; it is not when nothing changed. */
  changed: boolean;
  /** What of langgraph.json has no effect, and what of the graphs will not work in a Worker. */
  notes: string[];
  /** With `keepGoing`: what is wrong with graphs, by messages that name them. */
  errors: string[];
  /** By graph id, the absolute files that it is made of; those that are known, when it cannot be bundled. */
  filesOf: Map<string, string[]>;
}

/** What is wrong with langgraph.json or a graph it names, in words for its author. */
export declare class GraphConfigError extends Error {}

/**
 * Checks every graph that langgraph.json names and writes a module that imports them.
 * @throws GraphConfigError
 */
export declare function buildGraphs(options?: BuildGraphsOptions): Promise<BuiltGraphs>;
