/** The Worker as the account has it. */
import { z } from "../libraries.js";
import type { Tools } from "./steps.js";
import { wranglerFailure } from "./wrangler-failures.js";

const secretList = z.array(z.object({ name: z.string() }));

/** @returns the names of the secrets of the Worker; null when the account has no such Worker */
export async function findSecrets(
  { wrangler }: Tools,
  accountId: string,
  name: string,
): Promise<Set<string> | null> {
  const result = await wrangler(["secret", "list", "--name", name, "--format", "json"], { accountId });
  if (result.code === 0)
    return new Set(secretList.parse(JSON.parse(result.stdout)).map((secret) => secret.name));
  if (/^Worker ".*" not found|\[code: 10007\]/m.test(`${result.failure?.message ?? ""}\n${result.output}`))
    return null;
  throw wranglerFailure(`the account does not say whether it has the Worker "${name}"`, result);
}

/** With its Durable Objects, that is crons and threads. */
export async function deleteWorker({ wrangler }: Tools, accountId: string, name: string): Promise<void> {
  const result = await wrangler(["delete", name, "--force"], { accountId });
  if (result.code !== 0) throw wranglerFailure(`the Worker "${name}" could not be deleted`, result);
}
