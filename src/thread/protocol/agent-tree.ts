/** The tree of a graph and of the graphs in it, as the events of a run have told it. */
import { parseJson } from "../../platform/json";
import type { AgentStatus, AgentTree } from "../../wire/protocol/events";
import type { SentEvent } from "../streams/sent-event";

/** @param events those of one run. @param root the graph itself, as it stands now */
export function agentTree(
  events: readonly SentEvent[],
  root: Omit<AgentTree, "namespace" | "children">,
): AgentTree {
  const tree: AgentTree = { namespace: [], ...root };
  for (const { data, protocol } of events) {
    if (protocol === undefined || protocol.namespace.length === 0) continue;
    const node = descend(tree, protocol.namespace);
    if (protocol.channel !== "lifecycle") continue;
    const { params } = parseJson<{ params: { data: { event: AgentStatus; graph_name?: string } } }>(data);
    node.status = params.data.event;
    node.graph_name = params.data.graph_name ?? node.graph_name;
  }
  return tree;
}

/** The node of a namespace. Nodes on the way that no event has told yet are added. */
function descend(tree: AgentTree, namespace: readonly string[]): AgentTree {
  let node = tree;
  for (const [index, label] of namespace.entries()) {
    node.children ??= [];
    let child = node.children.find((known) => known.namespace[index] === label);
    if (child === undefined) {
      const [graph_name = label] = label.split(":");
      child = { namespace: namespace.slice(0, index + 1), status: "started", graph_name };
      node.children.push(child);
    }
    node = child;
  }
  return node;
}
