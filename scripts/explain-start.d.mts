/**
 * What the Worker threw when it was loaded, from the lines that wrangler printed: the reason and, line by line, the places in
 * the source.
 * @param root the folder that paths are relative to
 * @param sourceMap of the bundle, and the folder that its paths are relative to
 * @returns undefined when it did not throw
 */
export declare function whatWasThrown(
  lines: readonly string[],
  root: string,
  sourceMap: { dir: string; map: object } | null,
): string | undefined;
