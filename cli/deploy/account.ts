/** Whose account it is: the login of wrangler, and the one account that is meant. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { z } from "../libraries.js";
import { wranglerCommand } from "../wrangler.js";
import { StepFailure, type Tools } from "./steps.js";
import { HOW_TO_LOG_IN, wranglerFailure } from "./wrangler-failures.js";

export interface Account {
  id: string;
  name: string;
}

const identity = z.object({
  email: z.string().optional(),
  accounts: z.array(z.object({ id: z.string(), name: z.string() })),
});

/**
 * @param chosen the id of the account that the environment or the wrangler file names
 * @throws StepFailure when nobody is logged in, or which account is meant cannot be told
 */
export async function findAccount(tools: Tools, chosen: string | undefined): Promise<Account> {
  const { accounts } = await whoAmI(tools, chosen);
  if (chosen !== undefined) {
    // A token may reach an account that it cannot list.
    return accounts.find(({ id }) => id === chosen) ?? { id: chosen, name: chosen };
  }
  const [first, ...others] = accounts;
  if (first === undefined) {
    throw new StepFailure(
      "the login reaches no account",
      "Give the token the permission Account Settings: Read, or set CLOUDFLARE_ACCOUNT_ID.",
    );
  }
  if (others.length === 0) return first;
  tools.report.pause();
  const list = accounts.map(({ id, name }) => `  ${id}  ${name}`).join("\n");
  const id = await tools.asking.choose(
    "Which account is it to be?",
    accounts.map((account) => ({ value: account.id, label: account.name })),
    `Set CLOUDFLARE_ACCOUNT_ID to one of these, or account_id in your wrangler file:\n${list}`,
  );
  return accounts.find((account) => account.id === id) ?? first;
}

async function whoAmI(tools: Tools, chosen: string | undefined): Promise<z.output<typeof identity>> {
  let result = await tools.wrangler(["whoami", "--json"], { accountId: chosen });
  if (result.code !== 0 && /"loggedIn": *false/.test(result.stdout) && tools.asking.isTerminal) {
    tools.report.pause();
    if (
      await tools.asking.confirm(
        "You are not logged in to Cloudflare. Log in now, in the browser?",
        HOW_TO_LOG_IN,
      )
    ) {
      await logIn();
      result = await tools.wrangler(["whoami", "--json"], { accountId: chosen });
    }
  }
  if (result.code === 0) return identity.parse(JSON.parse(result.stdout));
  // A token that may deploy to the account need not be allowed to list accounts.
  if (chosen !== undefined && /Failed to automatically retrieve account IDs/.test(result.output)) {
    return { accounts: [] };
  }
  if (/"loggedIn": *false/.test(result.stdout)) {
    throw new StepFailure("you are not logged in to Cloudflare", HOW_TO_LOG_IN);
  }
  throw wranglerFailure("Cloudflare does not say whose login this is", result);
}

/** wrangler opens the browser, and says where to go if it cannot. */
async function logIn(): Promise<void> {
  const [program, words] = wranglerCommand(["login"]);
  await once(spawn(program, words, { stdio: "inherit" }), "close");
}
