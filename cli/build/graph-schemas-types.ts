/**
 * TypeScript types as JSON schemas of what goes over the wire. What a type does not settle becomes `{}`, which
 * is anything: classes, functions, types that nest too deep or contain themselves.
 */
import ts from "typescript";

/** Deeper than this, a form or a reader is lost too. */
const MAX_DEPTH = 8;
/** Per schema; it is carried by the Worker's bundle. */
const MAX_TYPES = 2_000;

/** A JSON schema, as far as types become one. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly prefixItems?: readonly Schema[];
  readonly additionalProperties?: Schema;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly description?: string;
  readonly langgraph_type?: string;
}

/** `sent` says that the type is of what clients send, and not of what they get. */
export type SchemaMaker = (type: ts.Type, sent: boolean) => Schema;

type Literal = string | number;

const CONTENT: Schema = { anyOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] };
const MESSAGE: Schema = {
  type: "object",
  properties: {
    type: { type: "string" },
    content: CONTENT,
    id: { type: ["string", "null"] },
    name: { type: ["string", "null"] },
  },
  required: ["type", "content"],
};
/** LangGraph makes a message of a message, `{ role, content }`, `[role, content]` and a text. */
const MESSAGE_SENT: Schema = {
  anyOf: [
    { type: "object", properties: { type: { type: "string" }, role: { type: "string" } } },
    { type: "array", minItems: 2, maxItems: 2 },
    { type: "string" },
  ],
};
/** `langgraph_type` marks lists of messages, as LangGraph itself does for states in zod. */
const MESSAGES: Schema = { type: "array", items: MESSAGE, langgraph_type: "messages" };
/** What the reducer of messages takes, whatever type its channel was given. */
const MESSAGES_SENT: Schema = {
  anyOf: [{ type: "array", items: MESSAGE_SENT }, ...(MESSAGE_SENT.anyOf ?? [])],
  langgraph_type: "messages",
};

/**
 * Makes a converter for one program.
 * @param sources of the project, whose unions of literals keep their order
 */
export function schemaMaker(checker: ts.TypeChecker, sources: readonly ts.SourceFile[] = []): SchemaMaker {
  const orders = literalOrders(sources);
  let budget = MAX_TYPES;
  let sent = false;
  /** The object types that are being converted, for types that contain themselves. */
  const open: ts.Type[] = [];

  function convert(type: ts.Type): Schema {
    if (--budget < 0 || open.length > MAX_DEPTH) return {};
    const { flags } = type;
    if (flags & ts.TypeFlags.Null) return { type: "null" };
    if (type.isStringLiteral() || type.isNumberLiteral())
      return { type: typeof type.value, const: type.value };
    if (flags & ts.TypeFlags.BooleanLiteral)
      return { type: "boolean", const: checker.typeToString(type) === "true" };
    if (flags & ts.TypeFlags.StringLike) return { type: "string" };
    if (flags & ts.TypeFlags.NumberLike && !type.isUnion()) return { type: "number" };
    if (flags & ts.TypeFlags.Boolean) return { type: "boolean" };
    if (type.isUnion()) return convertUnion(type.types);
    if (type.isIntersection()) {
      // A branded primitive goes over the wire as the primitive.
      const primitive = type.types.find((part) => !(part.flags & ts.TypeFlags.Object));
      return primitive === undefined ? convertObject(type) : convert(primitive);
    }
    return flags & ts.TypeFlags.Object ? convertObject(type) : {};
  }

  function convertUnion(all: readonly ts.Type[]): Schema {
    const types = all.filter((type) => !isAbsent(type) && !isOverwrite(type));
    if (types.some(isMessage) && types.some(isMessageList)) return MESSAGES_SENT;
    if (types.length > 0 && types.every(isMessage)) return sent ? MESSAGE_SENT : MESSAGE;
    const schemas = dedupe(types.map(convert));
    if (schemas.length === 0 || schemas.some(isAnything)) return {};
    const booleans = schemas.filter((schema) => typeof schema.const === "boolean");
    const constants = schemas.filter((schema) => ["string", "number"].includes(typeof schema.const));
    const rest = schemas.filter((schema) => !booleans.includes(schema) && !constants.includes(schema));
    if (booleans.length === 2) rest.push({ type: "boolean" });
    else rest.push(...booleans);
    if (constants.length > 1) rest.push(enumOf(constants.map((schema) => schema.const as Literal)));
    else rest.push(...constants);
    const [only] = rest;
    return only !== undefined && rest.length === 1 ? only : { anyOf: rest };
  }

  /** The checker has the members in an order of its own. */
  function enumOf(values: readonly Literal[]): Schema {
    const [type, ...others] = new Set(values.map((value) => typeof value));
    return {
      ...(type !== undefined && others.length === 0 && { type }),
      enum: orders.get(keyOfLiterals(values)) ?? values,
    };
  }

  function convertObject(type: ts.Type): Schema {
    if (isMessage(type)) return sent ? MESSAGE_SENT : MESSAGE;
    if (open.includes(type)) return {};
    open.push(type);
    try {
      if (checker.isTupleType(type)) return convertTuple(type as ts.TupleTypeReference);
      if (checker.isArrayType(type)) return convertArray(type);
      return convertRecord(type);
    } finally {
      open.pop();
    }
  }

  function convertArray(type: ts.Type): Schema {
    if (isMessageList(type)) return sent ? MESSAGES_SENT : MESSAGES;
    const element = elementOf(type);
    const items = element === undefined ? {} : convert(element);
    return { type: "array", ...(!isAnything(items) && { items }) };
  }

  function convertTuple(type: ts.TupleTypeReference): Schema {
    const { elementFlags, minLength } = type.target;
    if (elementFlags.some((flag) => (flag & ts.ElementFlags.Variable) !== 0)) return { type: "array" };
    const items = checker.getTypeArguments(type).map(convert);
    return { type: "array", prefixItems: items, minItems: minLength, maxItems: items.length };
  }

  function convertRecord(type: ts.Type): Schema {
    const callable = type.getCallSignatures().length + type.getConstructSignatures().length > 0;
    if (callable || isClass(type)) return {};
    const properties: Record<string, Schema> = {};
    const required: string[] = [];
    for (const property of checker.getPropertiesOfType(type)) {
      const { name } = property;
      // A key that is a symbol is not JSON's.
      if (name.startsWith("__@")) return {};
      const valueType = checker.getTypeOfSymbol(property);
      const isFunction = checker.getNonNullableType(valueType).getCallSignatures().length > 0;
      // An object with methods is not what JSON makes of it; a state is one of channels all the same.
      if (isFunction && open.length > 1) return {};
      const optional = (property.flags & ts.SymbolFlags.Optional) !== 0 || mayBeAbsent(valueType);
      if (!optional) required.push(name);
      const description = ts.displayPartsToString(property.getDocumentationComment(checker)).trim();
      Object.defineProperty(properties, name, {
        value: { ...convert(valueType), ...(description === "" ? {} : { description }) },
        enumerable: true,
      });
    }
    const index = checker.getIndexInfoOfType(type, ts.IndexKind.String);
    const others = index === undefined ? {} : convert(index.type);
    if (Object.keys(properties).length === 0 && index === undefined) return {};
    return {
      type: "object",
      ...(Object.keys(properties).length > 0 && { properties }),
      ...(required.length > 0 && { required }),
      ...(!isAnything(others) && { additionalProperties: others }),
    };
  }

  function elementOf(type: ts.Type): ts.Type | undefined {
    return isReference(type) ? checker.getTypeArguments(type)[0] : undefined;
  }

  function isMessageList(type: ts.Type): boolean {
    const element = checker.isArrayType(type) ? elementOf(type) : undefined;
    return element !== undefined && membersOf(element).some(isMessage);
  }

  /** Whether the class is LangChain's BaseMessage, or extends it. */
  function isMessage(type: ts.Type): boolean {
    if (!isClass(type)) return false;
    const [declaration] = type.symbol.declarations ?? [];
    if (
      type.symbol.name === "BaseMessage" &&
      declaration?.getSourceFile().fileName.includes("/@langchain/core/") === true
    ) {
      return true;
    }
    return checker.getBaseTypes((isReference(type) ? type.target : type) as ts.InterfaceType).some(isMessage);
  }

  const isOverwrite = (type: ts.Type): boolean =>
    (type.flags & ts.TypeFlags.Object) !== 0 && type.getProperty("__overwrite__") !== undefined;

  return (type, isSent) => {
    budget = MAX_TYPES;
    sent = isSent;
    return convert(type);
  };
}

/** Whether it is a generic type with its arguments. */
export const isReference = (type: ts.Type): type is ts.TypeReference =>
  (type as Partial<ts.TypeReference>).target !== undefined;

const membersOf = (type: ts.Type): readonly ts.Type[] => (type.isUnion() ? type.types : [type]);
const isClass = (type: ts.Type): boolean => ((type.getSymbol()?.flags ?? 0) & ts.SymbolFlags.Class) !== 0;
const isAbsent = (type: ts.Type): boolean =>
  (type.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) !== 0;
const mayBeAbsent = (type: ts.Type): boolean =>
  isAbsent(type) ||
  (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0 ||
  (type.isUnion() && type.types.some(isAbsent));

/** `{}`, whatever it is described as. */
const isAnything = (schema: Schema): boolean => Object.keys(schema).every((key) => key === "description");

function dedupe(schemas: readonly Schema[]): Schema[] {
  const seen = new Set<string>();
  return schemas.filter((schema) => {
    const text = JSON.stringify(schema);
    const isNew = !seen.has(text);
    seen.add(text);
    return isNew;
  });
}

const keyOfLiterals = (values: readonly Literal[]): string => JSON.stringify([...values].sort());

/** Unions of literals as they are written, by the literals that they have. */
function literalOrders(sources: readonly ts.SourceFile[]): Map<string, Literal[]> {
  const orders = new Map<string, Literal[]>();
  const visit = (node: ts.Node): void => {
    if (ts.isUnionTypeNode(node)) {
      const values = node.types.flatMap((type): Literal[] => {
        if (!ts.isLiteralTypeNode(type)) return [];
        if (ts.isStringLiteral(type.literal)) return [type.literal.text];
        return ts.isNumericLiteral(type.literal) ? [Number(type.literal.text)] : [];
      });
      if (values.length > 1 && !orders.has(keyOfLiterals(values))) orders.set(keyOfLiterals(values), values);
    }
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return orders;
}
