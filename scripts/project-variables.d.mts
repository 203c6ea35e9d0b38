/** Writes the variables to a file that `wrangler dev --env-file` reads to the same. */
export declare function writeEnvFile(path: string, variables: Readonly<Record<string, string>>): void;
