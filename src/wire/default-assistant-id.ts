/** The id of a graph's default assistant. Clients work it out too, so it is part of the contract with them. */
import { v5 } from "@langchain/core/utils/uuid";

/** All LangGraph servers derive these ids in this namespace, so a default assistant has the same id on each of them. */
const NAMESPACE = "6ba7b821-9dad-11d1-80b4-00c04fd430c8";

export const defaultAssistantId = (graphId: string): string => v5(graphId, NAMESPACE);
