/**
 * The `Auth` of a deployment with `TENANTS=isolated`: what those with a named key create is their own, and they see nothing else.
 * It has handlers only. Who calls is told by the key, see `src/edge/access.ts`; keys without a name are not asked about.
 */
import { Auth } from "@langchain/langgraph-sdk/auth";

/** The actions whose value has the metadata that is stored. */
const STORING = ["create", "update", "create_run"];

export const tenants = new Auth()
  .on(["threads", "assistants", "crons"], ({ action, value, user }) => {
    if (STORING.includes(action)) {
      const stored = value as { metadata?: Record<string, unknown> | null };
      stored.metadata = { ...stored.metadata, owner: user.identity };
    }
    return { owner: user.identity };
  })
  .on("store", ({ value, user }) => {
    // Each tenant has a part of the store. A namespace that was read from an answer begins with its name already.
    const namespace = value.namespace ?? [];
    value.namespace = namespace[0] === user.identity ? namespace : [user.identity, ...namespace];
  });
