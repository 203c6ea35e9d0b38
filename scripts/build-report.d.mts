/** What the build of the graphs tells `npm run dev`. */
export interface BuildReport {
  /** Why there are no graphs; then nothing else is there. */
  failure?: string;
  notes?: string[];
  /** What is wrong with graphs that stand for their errors. */
  errors?: string[];
  /** By graph id, the absolute files that it is made of. */
  filesOf?: Record<string, string[]>;
  /** By graph id, the state of these files; see {@link stateOf}. */
  states?: Record<string, string>;
}

/** Writes the report beside `out`, the file that the build writes. */
export declare function writeReport(out: string, report: BuildReport): Promise<void>;

/** The report of the last build into this folder; empty when there was none. */
export declare function readReport(dir: string): BuildReport;

export declare function removeReport(dir: string): void;

/** A text that differs when one of the files was written since, or is another file. */
export declare function stateOf(files: readonly string[]): string;
