/** What is deployed, and under which names. */
import type { Declarations } from "../crons/declaration-file.js";

export interface Target {
  /** The name of the Worker. */
  name: string;
  /** `id`: of a database that the project's own wrangler file names. */
  database: { name: string; id?: string };
  /** The account that the environment or the wrangler file names. */
  accountId: string | undefined;
  /** The variables of the project that may become secrets. */
  variables: Readonly<Record<string, string>>;
  /** Where they come from, in words. */
  variablesFrom: string;
  /** Names that the configuration of the Worker gives to variables, databases and the like. */
  bindings: ReadonlySet<string>;
  /** Whether requests need an API key: access is neither open, nor decided by an `auth` of the project. */
  needsKey: boolean;
  /** The crons that langgraph.json declares. */
  declarations: Declarations;
  /** The path before all routes of the server, such as `/api`; empty when there is none. */
  mountPrefix: string;
  /** Variables with which wrangler has to be started to build the Worker. */
  environment: Readonly<Record<string, string>>;
  /** Writes the configuration that is deployed. @returns its path */
  writeConfig: (accountId: string, databaseId: string) => string;
}
