/** The agent card of an assistant: what other agents are told of it, for both versions of A2A that are spoken here. */
import { version } from "../../../package.json";
import type { AccessMode } from "../../auth/access-mode";
import type { JsonObject } from "../../platform/json";
import type { Assistant } from "../../wire/assistants";

/** The versions of the protocol. A request without the header `A2A-Version` is one of 0.3. */
export const VERSIONS = ["1.0", "0.3"] as const;

const INPUT_MODES = ["text/plain", "application/json"];
const OUTPUT_MODES = ["text/plain"];

/** @param url where the assistant is sent messages */
export function cardOf(
  { assistant_id: id, graph_id: graphId, name, description }: Assistant,
  url: string,
  access: AccessMode,
): JsonObject {
  const told = description ?? `The assistant "${name}" (graph ${graphId}).`;
  return {
    name,
    description: told,
    version,
    supportedInterfaces: VERSIONS.map((protocolVersion) => ({
      url,
      protocolBinding: "JSONRPC",
      protocolVersion,
    })),
    // The next three are of version 0.3.
    url,
    preferredTransport: "JSONRPC",
    protocolVersion: "0.3.0",
    capabilities: { streaming: true, pushNotifications: false, stateTransitionHistory: false },
    defaultInputModes: INPUT_MODES,
    defaultOutputModes: OUTPUT_MODES,
    skills: [
      { id, name, description: told, tags: [graphId], inputModes: INPUT_MODES, outputModes: OUTPUT_MODES },
    ],
    ...(access === "keys" ? KEY : {}),
  };
}

/** How a key is sent, in the words of both versions. */
const KEY = {
  securitySchemes: {
    apiKey: {
      type: "apiKey",
      in: "header",
      name: "x-api-key",
      apiKeySecurityScheme: { location: "header", name: "x-api-key" },
    },
  },
  security: [{ apiKey: [] }],
  securityRequirements: [{ schemes: { apiKey: { list: [] } } }],
};
