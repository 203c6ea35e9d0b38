/**
 * Gives LangGraph the AsyncLocalStorage in which it keeps the configuration of the running node. `interrupt()`, `task()` and token
 * streaming need it. LangGraph's entry for Node makes one itself, but the bundle of a Worker has its entry for browsers, which
 * does not. This is a file of its own because it has to run before the modules of graphs: imports run in their order.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

AsyncLocalStorageProviderSingleton.initializeGlobalInstance(new AsyncLocalStorage());
