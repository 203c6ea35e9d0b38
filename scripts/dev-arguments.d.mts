export interface DevSurroundings {
  /** What relative paths are relative to. */
  cwd: string;
  /** The variables of `.dev.vars` or `.env`. */
  variables: Readonly<Record<string, string | undefined>>;
  /** A file with these variables, for the server; without it wrangler reads its own. */
  envFile?: string;
}

export interface DevArguments {
  /** The folder of all local state, absolute. */
  persistTo: string;
  /** The value that the variable AUTH will have. */
  access: string;
  /** Flags of `wrangler d1 migrations apply`. */
  migrate: string[];
  /** Flags of `wrangler dev`. */
  dev: string[];
}

export function devArguments(argv: string[], surroundings: DevSurroundings): DevArguments;
