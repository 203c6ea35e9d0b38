/** The Auth of the benchmark: it does next to nothing, so that what is measured is the server. */
import { Auth } from "@langchain/langgraph-sdk/auth";

export const auth = new Auth()
  .authenticate((request) => request.headers.get("authorization") ?? "anonymous")
  .on(["threads", "assistants", "crons"], ({ action, value, user }) => {
    if (action === "create" || action === "create_run")
      value.metadata = { ...value.metadata, owner: user.identity };
    return { owner: user.identity };
  });
