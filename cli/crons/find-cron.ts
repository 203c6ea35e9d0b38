/** Finds the cron that somebody means: by its id, by its declared name, or by the beginning of its id. */
import type { Cron } from "../../src/wire/crons/cron";
import { uuid } from "../server-code.js";
import type { CronClient } from "./cron-client.js";
import { declaredNameOf, MARKS } from "./declared-cron.js";
import { Failure } from "./failures.js";
import { plain } from "./terminal.js";

/** Shorter beginnings of ids are more likely to be mistakes. */
const MIN_PREFIX = 4;
/** A message lists no more crons. */
const MAX_LISTED = 5;

/** @throws Failure `notFound`, or `usage` when several crons may be meant */
export async function findCron(client: CronClient, named: string): Promise<Cron> {
  if (uuid.safeParse(named).success) return client.get(named);
  const byName = await client.searchPage({
    metadata: { [MARKS.name]: named },
    sort_by: "cron_id",
    sort_order: "asc",
    limit: MAX_LISTED + 1,
  });
  const [first, ...others] = byName;
  if (first !== undefined) return others.length === 0 ? first : ambiguous(named, byName);
  const byPrefix = isPrefix(named) ? await cronsBeginning(client, named.toLowerCase()) : [];
  const [only, ...more] = byPrefix;
  if (only === undefined) {
    throw new Failure(
      "notFound",
      `no cron has the name "${plain(named)}", nor an id that begins so: edgecron crons list shows what there is`,
    );
  }
  return more.length === 0 ? only : ambiguous(named, byPrefix);
}

const isPrefix = (text: string): boolean => text.length >= MIN_PREFIX && /^[0-9a-f-]+$/i.test(text);

/** The crons come in the order of their ids, so the search ends where no further one can begin so. */
async function cronsBeginning(client: CronClient, prefix: string): Promise<Cron[]> {
  const found: Cron[] = [];
  for await (const cron of client.searchAll()) {
    if (cron.cron_id.startsWith(prefix)) found.push(cron);
    else if (cron.cron_id > prefix) break;
    if (found.length > MAX_LISTED) break;
  }
  return found;
}

function ambiguous(named: string, crons: readonly Cron[]): never {
  const lines = crons.slice(0, MAX_LISTED).map((cron) => {
    const project = cron.metadata[MARKS.project];
    const of = typeof project === "string" ? ` of the project "${plain(project)}"` : "";
    return `  ${cron.cron_id}  ${labelOf(cron)}${of}`;
  });
  const rest = crons.length > MAX_LISTED ? ["  …"] : [];
  throw new Failure("usage", [`"${plain(named)}" may mean several crons:`, ...lines, ...rest].join("\n"));
}

/** What a person calls the cron: its declared name, or its schedule. */
export const labelOf = (cron: Cron): string => plain(declaredNameOf(cron) ?? cron.schedule);
