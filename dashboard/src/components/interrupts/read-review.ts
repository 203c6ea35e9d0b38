/**
 * Requests to review actions, in the two forms that graphs ask in: `HITLRequest` of LangChain's human-in-the-loop middleware, and the older
 * `HumanInterrupt`. Each says which decisions it takes, and takes the answer in a form of its own.
 */

export type Decision = "approve" | "edit" | "reject" | "respond" | "ignore";

export interface ActionRequest {
  readonly name: string;
  readonly args: unknown;
  readonly description: string | null;
  readonly decisions: readonly Decision[];
}

/** What was decided about one action. */
export interface Decided {
  readonly decision: Decision;
  /** The arguments in place of those that were asked about, if the decision is "edit". */
  readonly args: unknown;
  /** A reason, if it is "reject"; the answer, if it is "respond". */
  readonly message: string;
}

export interface Review {
  readonly requests: readonly ActionRequest[];
  /** The value with which the graph goes on. @param decided one for each request, in their order */
  readonly answer: (decided: readonly Decided[]) => unknown;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOrNull = (value: unknown): string | null => (typeof value === "string" ? value : null);

const DECISIONS: readonly Decision[] = ["approve", "edit", "reject", "respond"];

/** The review that the value of an interrupt asks for; null when it asks for something else. */
export const readReview = (value: unknown): Review | null =>
  readHitlRequest(value) ?? readHumanInterrupt(value);

/** Python writes the names of fields in snake case, JavaScript in camel case. The answer is written as the request is. */
function readHitlRequest(value: unknown): Review | null {
  if (!isFields(value)) return null;
  const isCamelCase = Array.isArray(value.actionRequests);
  const actions: unknown = isCamelCase ? value.actionRequests : value.action_requests;
  const configs: unknown = isCamelCase ? value.reviewConfigs : value.review_configs;
  if (!Array.isArray(actions) || actions.length === 0 || !actions.every(isFields)) return null;
  const reviews = Array.isArray(configs) ? configs.filter(isFields) : [];
  const requests = actions.map((action, index): ActionRequest => {
    const name = textOrNull(action.name) ?? "";
    const config = reviews.find((each) => (each.actionName ?? each.action_name) === name) ?? reviews[index];
    const allowed = config?.allowedDecisions ?? config?.allowed_decisions;
    const decisions = DECISIONS.filter((decision) => !Array.isArray(allowed) || allowed.includes(decision));
    return { name, args: action.args, description: textOrNull(action.description), decisions };
  });
  return {
    requests,
    answer: (decided) => ({
      decisions: decided.map(({ decision, args, message }, index) => {
        if (decision === "edit") {
          const edited = { name: requests[index]?.name, args };
          return { type: decision, [isCamelCase ? "editedAction" : "edited_action"]: edited };
        }
        if (decision === "approve" || (decision === "reject" && message === "")) return { type: decision };
        return { type: decision, message };
      }),
    }),
  };
}

/** The words of the older form, which allows each decision by a field of its own. */
const OLDER: readonly (readonly [Decision, string, string])[] = [
  ["approve", "allow_accept", "accept"],
  ["edit", "allow_edit", "edit"],
  ["respond", "allow_respond", "response"],
  ["ignore", "allow_ignore", "ignore"],
];

function readHumanInterrupt(value: unknown): Review | null {
  const interrupts: readonly unknown[] = Array.isArray(value) ? value : [value];
  const requests: ActionRequest[] = [];
  for (const each of interrupts) {
    if (!isFields(each) || !isFields(each.action_request) || !isFields(each.config)) return null;
    const { action_request: action, config, description } = each;
    requests.push({
      name: textOrNull(action.action) ?? "",
      args: action.args,
      description: textOrNull(description),
      decisions: OLDER.filter(([, field]) => config[field] === true).map(([decision]) => decision),
    });
  }
  if (requests.length === 0) return null;
  const answer = (decided: readonly Decided[]): unknown =>
    decided.map(({ decision, args, message }, index) => {
      const type = OLDER.find(([each]) => each === decision)?.[2];
      if (decision === "edit") return { type, args: { action: requests[index]?.name, args } };
      return { type, args: decision === "respond" ? message : null };
    });
  return { requests, answer };
}
