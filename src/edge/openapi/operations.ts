/** Every operation of the API. A route without one, or one without a route, fails the tests. */
import type { Operation } from "./operation";
import { assistantOperations } from "./operations/assistants";
import { cronOperations } from "./operations/crons";
import { runOperations } from "./operations/runs";
import { storeOperations } from "./operations/store";
import { streamOperations } from "./operations/streams";
import { systemOperations } from "./operations/system";
import { threadOperations } from "./operations/threads";

export const operations: readonly Operation[] = [
  ...assistantOperations,
  ...threadOperations,
  ...runOperations,
  ...streamOperations,
  ...cronOperations,
  ...storeOperations,
  ...systemOperations,
];
