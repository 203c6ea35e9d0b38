/** What every command on crons gets. */
import type { CronClient } from "./cron-client.js";
import type { Terminal } from "./terminal.js";

export interface Context {
  client: CronClient;
  terminal: Terminal;
  /** Whether the result is printed as the API's own objects, for scripts. */
  json: boolean;
  /**
   * Asks a question that is answered with yes or no.
   * @throws Failure when there is nobody to answer
   */
  confirm: (question: string) => Promise<boolean>;
}
