/** The module that the build makes from langgraph.json; whoever bundles the Worker says where it is. */
declare module "edgecron:graphs" {
  /** By graph id, what the module exports that langgraph.json names. */
  export const graphs: Readonly<Record<string, unknown>>;
  /** The sections of langgraph.json that configure the server. */
  export const settings: {
    readonly checkpointer?: unknown;
    readonly store?: unknown;
    readonly http?: unknown;
    readonly mcp?: unknown;
    /** What the file that `auth.path` names exports: an `Auth`, which the server asks about each request. */
    readonly auth?: unknown;
    readonly webhooks?: unknown;
    /** What the file that `http.app` names exports: the project's own Hono app. */
    readonly app?: unknown;
    /** By graph id, the description of its default assistant. */
    readonly descriptions?: Readonly<Record<string, string>>;
  };
  /** The schemas that the build read from types: by graph id, then by the path of the subgraph (`""` for the graph itself). */
  export const schemas: Readonly<
    Record<string, Readonly<Record<string, import("./graph-schemas").ExtractedSchemas>>>
  >;
}
