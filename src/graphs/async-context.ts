/**
 * LangGraph keeps the running node's configuration in an AsyncLocalStorage: `interrupt()`, `task()` and
 * token streaming need it. Only its Node entry sets one up; a Worker bundle resolves the browser entry.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());
