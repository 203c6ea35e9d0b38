/** Finds the assistant that a new run or cron is to use, if the caller may use it. */
import type { AuthEvent } from "../auth/events";
import { passesFilter } from "../calls/access-filter";
import { assistantIdOf, getRecentAssistant, notFound, type Assistant } from "../d1/assistants-table";
import { graphOfDefaultAssistant } from "../d1/default-assistants";
import type { EdgeContext } from "./caller";
import type { Permissions } from "./permissions";

/**
 * The assistant. The default assistant of a graph is for everybody who may create runs; about any other the caller is asked, before
 * anything tells whether there is one.
 * @throws assistant.not_found, also when the caller may not see it; request.forbidden, AuthRefusal
 */
export async function usableAssistant<Event extends AuthEvent>(
  c: EdgeContext,
  access: Permissions<Event | "assistants:read">,
  idOrGraphId: string,
): Promise<Readonly<Assistant>> {
  const id = assistantIdOf(idOrGraphId);
  const isForAll = graphOfDefaultAssistant(id) !== undefined;
  const { filter } = isForAll
    ? { filter: undefined }
    : await access.ask("assistants:read", { assistant_id: id });
  const assistant = await getRecentAssistant(c.env.DB, idOrGraphId);
  if (!passesFilter(assistant.metadata, filter)) throw notFound(idOrGraphId, "No assistant found for");
  return assistant;
}
