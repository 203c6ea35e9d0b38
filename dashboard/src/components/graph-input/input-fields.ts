/** Which properties of a graph's input a field of a form can stand for, by the JSON schema of the graph. */

export type FieldKind = "messages" | "text" | "number" | "boolean" | "choice" | "texts" | "numbers";

export interface InputField {
  readonly name: string;
  readonly kind: FieldKind;
  readonly description: string;
  readonly isRequired: boolean;
  /** Of a choice. */
  readonly choices: readonly string[];
}

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const propertiesOf = (schema: unknown): readonly [string, Schema][] => {
  const properties = isSchema(schema) ? schema.properties : undefined;
  if (!isSchema(properties)) return [];
  return Object.entries(properties).filter((entry): entry is [string, Schema] => isSchema(entry[1]));
};

/** The fields, the messages and what is required first. */
export function simpleFields(schema: unknown): readonly InputField[] {
  const required = isSchema(schema) && Array.isArray(schema.required) ? (schema.required as unknown[]) : [];
  const fields = propertiesOf(schema).flatMap(([name, property]): InputField[] => {
    const { kind, choices } = kindOf(property);
    if (kind === null) return [];
    const { description } = property;
    return [
      {
        name,
        kind,
        choices,
        description: typeof description === "string" ? description : "",
        isRequired: required.includes(name),
      },
    ];
  });
  const rank = ({ kind, isRequired }: InputField): number => (kind === "messages" ? 0 : isRequired ? 1 : 2);
  return fields.toSorted((a, b) => rank(a) - rank(b));
}

/** The properties that can be given as JSON only. */
export function otherProperties(schema: unknown): readonly string[] {
  return propertiesOf(schema)
    .filter(([, property]) => kindOf(property).kind === null)
    .map(([name]) => name);
}

function kindOf(property: Schema): { kind: FieldKind | null; choices: readonly string[] } {
  if (property.langgraph_type === "messages") return { kind: "messages", choices: [] };
  const schema = withoutNull(property);
  const { enum: choices } = schema;
  if (Array.isArray(choices) && choices.every((choice) => typeof choice === "string" || choice === null))
    return { kind: "choice", choices: choices.filter((choice): choice is string => choice !== null) };
  const type = Array.isArray(schema.type)
    ? (schema.type as unknown[]).filter((one) => one !== "null").join(" ")
    : schema.type;
  if (type === "array") {
    const item = isSchema(schema.items) ? schema.items.type : undefined;
    return { kind: item === "string" ? "texts" : isNumeric(item) ? "numbers" : null, choices: [] };
  }
  if (type === "string") return { kind: "text", choices: [] };
  if (type === "boolean") return { kind: "boolean", choices: [] };
  return { kind: isNumeric(type) ? "number" : null, choices: [] };
}

const isNumeric = (type: unknown): boolean => type === "number" || type === "integer";

/** Of a schema that allows null beside one other, the other. */
function withoutNull(schema: Schema): Schema {
  const options = schema.anyOf ?? schema.oneOf;
  if (!Array.isArray(options)) return schema;
  const [only, ...more] = options.filter((option) => isSchema(option) && option.type !== "null") as Schema[];
  return only !== undefined && more.length === 0 && options.length > 1 ? only : schema;
}

/** The value of a field as it is typed. Null: it cannot be typed, and is to be shown as JSON. */
export function typedValue({ kind }: InputField, value: unknown): string | null {
  if (value === undefined || value === null) return "";
  if (typeof value === "string") return value;
  if (kind === "messages") return typedMessage(value);
  if (kind === "number" && typeof value === "number") return String(value);
  if (kind === "boolean" && typeof value === "boolean") return String(value);
  if ((kind === "texts" || kind === "numbers") && Array.isArray(value) && value.every(isLine))
    return value.join("\n");
  return null;
}

const isLine = (item: unknown): boolean =>
  typeof item === "number" || (typeof item === "string" && !item.includes("\n"));

/** The text of a list of one message of the user, without anything else in it. */
function typedMessage(value: unknown): string | null {
  if (!Array.isArray(value)) return null;
  if (value.length === 0) return "";
  const [message] = value as unknown[];
  if (value.length > 1 || !isSchema(message)) return null;
  const { role, type, content, ...more } = message;
  const isUsers = (role ?? type) === "user" || (role ?? type) === "human";
  return isUsers && typeof content === "string" && Object.keys(more).length === 0 ? content : null;
}

/** The value that a typed text stands for. A text that is no number stays a text, of which {@link fieldFault} then says so. */
export function valueOfTyped({ kind }: InputField, text: string): unknown {
  if (text === "") return undefined;
  switch (kind) {
    case "messages":
      return [{ role: "user", content: text }];
    case "number":
      return numberOr(text);
    case "boolean":
      return text === "true";
    case "texts":
      return text.split("\n");
    case "numbers":
      return text.split("\n").map((line) => (line.trim() === "" ? line : numberOr(line)));
    case "text":
    case "choice":
      return text;
  }
}

function numberOr(text: string): number | string {
  const number = Number(text);
  // What would be written in another way stays as it is typed, such as the "1." of a 1.5 that is being typed.
  return Number.isFinite(number) && String(number) === text.trim() ? number : text;
}

/** What is wrong with the value of a field; null when nothing is, or the form cannot tell. */
export function fieldFault({ name, kind }: InputField, value: unknown): string | null {
  const isWrong =
    (kind === "number" && typeof value === "string") ||
    (kind === "numbers" && Array.isArray(value) && value.some((item) => typeof item !== "number"));
  if (!isWrong) return null;
  return kind === "number" ? `${name}: expected a number` : `${name}: expected numbers, one a line`;
}
