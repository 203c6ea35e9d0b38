/** The files of the starter. */

export const LANGGRAPH = `{
  "node_version": "22",
  "dependencies": ["."],
  "graphs": {
    "agent": "./src/agent.ts:graph"
  },
  "env": ".env",
  "crons": {
    "morning": {
      "assistant_id": "agent",
      "schedule": "0 8 * * 1-5",
      "timezone": "Europe/Berlin",
      "input": { "messages": [{ "role": "user", "content": "Good morning! What is the time?" }] }
    }
  }
}
`;

export const AGENT = `import { AIMessage } from "@langchain/core/messages";
import { END, MessagesAnnotation, START, StateGraph } from "@langchain/langgraph";

/**
 * Answers without a model. For a model, install its package (for example @langchain/openai), put its key into .env, and return
 * \`{ messages: [await model.invoke(state.messages)] }\` here.
 */
function answer(state: typeof MessagesAnnotation.State) {
  const question = state.messages.at(-1)?.content ?? "";
  const text = \`You said: \${JSON.stringify(question)}. It is \${new Date().toISOString()}.\`;
  return { messages: [new AIMessage(text)] };
}

export const graph = new StateGraph(MessagesAnnotation)
  .addNode("answer", answer)
  .addEdge(START, "answer")
  .addEdge("answer", END)
  .compile();
`;

export const ENV = `# Variables and secrets of the graphs, one NAME=value a line. Copy .env.example to .env; .env is not for the repository.
# OPENAI_API_KEY=
`;

export const GITIGNORE = `node_modules/
.edgecron/
.wrangler/
.env
.dev.vars
`;

export const README = `# LangGraph agents on a schedule

\`\`\`bash
npm install
npx edgecron dev            # serves langgraph.json at http://localhost:8787
npx edgecron crons list     # the crons, and when they fire next
npx edgecron deploy         # to Cloudflare
\`\`\`

Ask the agent:

\`\`\`bash
curl -s http://localhost:8787/runs/wait -H 'Content-Type: application/json' \\
  -d '{"assistant_id": "agent", "input": {"messages": [{"role": "user", "content": "Hello"}]}}'
\`\`\`

The graph is \`src/agent.ts\`. What runs when is said under "crons" in \`langgraph.json\`. Copy \`.env.example\` to \`.env\` for variables
and secrets.
`;
