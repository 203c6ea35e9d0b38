/** An import that leads nowhere. */
export interface MissingImport {
  specifier: string;
  importers: { file: string; line: number }[];
  /** Whether it is a native addon, which a Worker cannot load. */
  addon: boolean;
}

/**
 * Writes a module that throws for each missing import, and removes those of earlier builds.
 * @returns their files, by what the importers wrote
 */
export declare function writeStandIns(
  projectDir: string,
  dir: string,
  missing: Iterable<MissingImport>,
): Map<string, string>;
