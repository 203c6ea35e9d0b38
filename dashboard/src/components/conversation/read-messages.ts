/** Messages as graphs keep them, in whatever form: made ready to be shown. Nothing is taken for granted, because models and graphs fill them. */

type Role = "human" | "ai" | "tool" | "system" | "other";

/** A part of what a message says. */
export type Part =
  | { readonly kind: "text"; readonly text: string }
  /** What a model thought before it answered. */
  | { readonly kind: "reasoning"; readonly text: string }
  /** An image, a sound or a file. It is named, and not loaded. */
  | { readonly kind: "media"; readonly what: string; readonly details: string }
  | { readonly kind: "json"; readonly label: string; readonly value: unknown };

export interface ToolCall {
  readonly id: string | null;
  readonly name: string;
  readonly args: unknown;
  /** Why the call could not be read; null when it could. */
  readonly error: string | null;
  /** What the tool answered; null until it has. */
  readonly result: ShownMessage | null;
}

export interface ShownMessage {
  readonly key: string;
  readonly role: Role;
  /** The role in the message's own word. */
  readonly roleName: string;
  readonly name: string | null;
  readonly parts: readonly Part[];
  readonly calls: readonly ToolCall[];
  /** Of what a tool answered: whether the call failed. */
  readonly hasFailed: boolean;
  readonly tokens: { readonly input: number; readonly output: number } | null;
}

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const textOrNull = (value: unknown): string | null =>
  typeof value === "string" && value !== "" ? value : null;
const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const ROLES: ReadonlyMap<string, Role> = new Map([
  ["human", "human"],
  ["user", "human"],
  ["ai", "ai"],
  ["assistant", "ai"],
  ["tool", "tool"],
  ["function", "tool"],
  ["system", "system"],
  ["developer", "system"],
]);

/** Chunks of streamed messages, and the names of LangChain's classes: `AIMessageChunk` is `ai`. */
const roleWord = (word: string): string => word.replace(/Message(?:Chunk)?$/, "").toLowerCase();

/** The fields of a message: also of one that is written as LangChain writes its objects, with its class. */
function fieldsOf(value: unknown): Fields | null {
  if (!isFields(value)) return null;
  const { lc, id, kwargs } = value;
  if (lc === 1 && Array.isArray(id) && isFields(kwargs)) return { type: String(id.at(-1)), ...kwargs };
  return value;
}

function roleNameOf(fields: Fields): string | null {
  const word = textOrNull(fields.type) ?? textOrNull(fields.role);
  if (word === null || !("content" in fields)) return null;
  return word === "chat" || word === "generic" ? (textOrNull(fields.role) ?? word) : roleWord(word);
}

const isMessage = (value: unknown): boolean => {
  const fields = fieldsOf(value);
  const role = fields === null ? null : roleNameOf(fields);
  return role !== null && (ROLES.has(role) || textOrNull(fields?.role) !== null || fields?.type === "chat");
};

const areMessages = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length > 0 && value.every(isMessage);

/** The messages in the values of a state, and the key under which they are: `messages`, or the first that has some. Null: there are none. */
export function findMessages(
  values: unknown,
): { readonly key: string | null; readonly messages: readonly unknown[] } | null {
  if (areMessages(values)) return { key: null, messages: values };
  if (!isFields(values)) return null;
  const keys = ["messages", ...Object.keys(values)];
  const key = keys.find((each) => areMessages(values[each]));
  return key === undefined ? null : { key, messages: values[key] as readonly unknown[] };
}

/** The messages as they are shown. What a tool answered stands with the call, if the call is there. */
export function readMessages(messages: readonly unknown[]): readonly ShownMessage[] {
  const all = messages.map((message, index) => ({ fields: fieldsOf(message) ?? {}, index }));
  const results = new Map<string, ShownMessage>();
  for (const { fields, index } of all) {
    const callId = textOrNull(fields.tool_call_id);
    if (callId !== null) results.set(callId, shown(fields, index, new Map()));
  }
  const answered = new Set<string>();
  const list = all.map(({ fields, index }) => {
    const message = shown(fields, index, results);
    for (const call of message.calls) if (call.result !== null && call.id !== null) answered.add(call.id);
    return { message, callId: textOrNull(fields.tool_call_id) };
  });
  return list.filter(({ callId }) => callId === null || !answered.has(callId)).map(({ message }) => message);
}

function shown(fields: Fields, index: number, results: ReadonlyMap<string, ShownMessage>): ShownMessage {
  const roleName = roleNameOf(fields) ?? "message";
  const calls = callsOf(fields, results);
  const usage = isFields(fields.usage_metadata) ? fields.usage_metadata : null;
  return {
    key: `${index} ${textOrNull(fields.id) ?? ""}`,
    role: ROLES.get(roleName) ?? "other",
    roleName,
    name: textOrNull(fields.name),
    parts: partsOf(fields, calls),
    calls,
    hasFailed: fields.status === "error",
    tokens:
      usage === null ? null : { input: countOf(usage.input_tokens), output: countOf(usage.output_tokens) },
  };
}

const countOf = (value: unknown): number => (typeof value === "number" && Number.isFinite(value) ? value : 0);

function callsOf(fields: Fields, results: ReadonlyMap<string, ShownMessage>): readonly ToolCall[] {
  const read = (call: Fields, error: string | null): ToolCall => {
    const id = textOrNull(call.id);
    const name = textOrNull(call.name) ?? "a tool without a name";
    return { id, name, args: call.args, error, result: id === null ? null : (results.get(id) ?? null) };
  };
  const calls = listOf(fields.tool_calls).filter(isFields).map(inOneForm);
  const invalid = listOf(fields.invalid_tool_calls).filter(isFields);
  return [
    ...calls.map((call) => read(call, null)),
    ...invalid.map((call) => read(call, textOrNull(call.error) ?? "The call is not valid.")),
  ];
}

/** A call in OpenAI's form has its name and its arguments, as text, in `function`. */
function inOneForm(call: Fields): Fields {
  if (!isFields(call.function)) return call;
  const { name, arguments: args } = call.function;
  return { ...call, name, args: typeof args === "string" ? parsed(args) : args };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function partsOf(fields: Fields, calls: readonly ToolCall[]): readonly Part[] {
  const { content, additional_kwargs: more } = fields;
  const reasoning = isFields(more) ? textOrNull(more.reasoning_content) : null;
  const blocks = Array.isArray(content) ? content : [content];
  return [
    ...(reasoning === null ? [] : [{ kind: "reasoning", text: reasoning } as const]),
    ...blocks.flatMap((block: unknown) => partOf(block, calls)),
  ];
}

function partOf(block: unknown, calls: readonly ToolCall[]): readonly Part[] {
  if (typeof block === "string") return block === "" ? [] : [{ kind: "text", text: block }];
  if (block === null || block === undefined) return [];
  if (!isFields(block)) return [{ kind: "json", label: "Content", value: block }];
  const type = textOrNull(block.type) ?? "content";
  const text = textOrNull(block.text) ?? textOrNull(block.refusal);
  if (type === "text" || type === "refusal" || type === "text-plain") {
    return text === null ? [] : [{ kind: "text", text }];
  }
  if (type === "reasoning" || type === "thinking" || type === "redacted_thinking") {
    return [{ kind: "reasoning", text: reasoningOf(block) }];
  }
  // The calls of tools are shown from the list of calls.
  const isCall = ["tool_use", "tool_call", "tool_call_chunk", "input_json_delta"].includes(type);
  if (isCall && (calls.length > 0 || type === "input_json_delta")) return [];
  const what = mediaOf(type);
  if (what !== null) return [{ kind: "media", what, details: detailsOf(block) }];
  return [{ kind: "json", label: type, value: block }];
}

function reasoningOf(block: Fields): string {
  const summary = listOf(block.summary).map((part) =>
    isFields(part) ? textOrNull(part.text) : textOrNull(part),
  );
  const texts = [textOrNull(block.reasoning), textOrNull(block.thinking), textOrNull(block.text), ...summary];
  const found = texts.filter((text) => text !== null);
  return found.length === 0 ? "The model does not show what it thought." : found.join("\n\n");
}

function mediaOf(type: string): string | null {
  if (/image/.test(type)) return "Image";
  if (/audio/.test(type)) return "Audio";
  if (/video/.test(type)) return "Video";
  return /^(?:file|document|input_file)$/.test(type) ? "File" : null;
}

const ADDRESS_CHARACTERS = 200;

/** What is known of an image or file: its name, its type, and its address or how large it is. */
function detailsOf(block: Fields): string {
  const inner = [block.image_url, block.source, block.file, block.input_audio].filter(isFields);
  const places: readonly Fields[] = [block, ...inner];
  const first = (keys: readonly string[]): string | null =>
    places.flatMap((place) => keys.map((key) => textOrNull(place[key]))).find((text) => text !== null) ??
    null;
  const address = first(["url", "image_url", "file_url", "file_id"]);
  const data =
    first(["data", "base64", "file_data"]) ?? (address?.startsWith("data:") === true ? address : null);
  const inData = /^data:([^;,]+)/.exec(data ?? "")?.[1] ?? null;
  const details = [
    first(["filename", "file_name", "title"]),
    first(["mime_type", "media_type", "mimeType", "format"]) ?? inData,
    data === null ? null : `${Math.ceil((data.length * 3) / 4 / 1_000)} kB`,
    address === null || address === data ? null : address.slice(0, ADDRESS_CHARACTERS),
  ];
  return details.filter((detail) => detail !== null).join(" · ");
}
