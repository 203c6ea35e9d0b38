import type { MissingImport } from "./missing-imports.mjs";

/** What a bundle of graphs is made of; by graph id. */
export interface BundleAnalysis {
  /** The absolute files that a graph is made of. */
  filesOf: Map<string, string[]>;
  /** Why a graph cannot be bundled. */
  faults: Map<string, string>;
  /** Missing imports that fail when they are reached. */
  late: Map<string, MissingImport[]>;
  /** What will not work in a Worker. */
  notes: string[];
}

export declare function analyseBundle(
  projectDir: string,
  graphs: { id: string; path: string; file: string }[],
): Promise<BundleAnalysis>;
