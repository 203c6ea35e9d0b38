/**
 * Libraries of the command of which a LangGraph project often has all packages get another version, by "resolutions" or "overrides". The build
 * bundles this file, so that the command keeps the versions that it was written for.
 */
export { v5 } from "@langchain/core/utils/uuid";
export { Client, CronsClient, type ClientConfig } from "@langchain/langgraph-sdk/client";
export { z } from "zod";
