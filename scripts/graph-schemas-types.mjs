/**
 * TypeScript types as JSON schemas of what goes over the wire. What a type does not settle becomes `{}`, which
 * is anything: classes, functions, types that nest too deep or contain themselves.
 */
import ts from "typescript";

/** Deeper than this, a form or a reader is lost too. */
const MAX_DEPTH = 8;
/** Per schema; it is carried by the Worker's bundle. */
const MAX_TYPES = 2_000;

const CONTENT = { anyOf: [{ type: "string" }, { type: "array", items: { type: "object" } }] };
const MESSAGE = {
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
const MESSAGE_SENT = {
  anyOf: [
    { type: "object", properties: { type: { type: "string" }, role: { type: "string" } } },
    { type: "array", minItems: 2, maxItems: 2 },
    { type: "string" },
  ],
};
/** `langgraph_type` marks lists of messages, as LangGraph itself does for states in zod. */
const MESSAGES = { type: "array", items: MESSAGE, langgraph_type: "messages" };
/** What the reducer of messages takes, whatever type its channel was given. */
const MESSAGES_SENT = {
  anyOf: [{ type: "array", items: MESSAGE_SENT }, ...MESSAGE_SENT.anyOf],
  langgraph_type: "messages",
};

/**
 * Makes a converter for one program. `sent` says that the type is of what clients send, and not of what they get.
 * @param {ts.TypeChecker} checker
 * @param {readonly ts.SourceFile[]} sources of the project, whose unions of literals keep their order
 * @returns {(type: ts.Type, sent: boolean) => object}
 */
export function schemaMaker(checker, sources = []) {
  const orders = literalOrders(sources);
  let budget = MAX_TYPES;
  let sent = false;
  /** The object types that are being converted, for types that contain themselves. */
  const open = [];

  function convert(type) {
    if (--budget < 0 || open.length > MAX_DEPTH) return {};
    const { flags } = type;
    if (flags & ts.TypeFlags.Null) return { type: "null" };
    if (flags & ts.TypeFlags.StringLiteral || flags & ts.TypeFlags.NumberLiteral)
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

  function convertUnion(all) {
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
    if (constants.length > 1) rest.push(enumOf(constants.map((schema) => schema.const)));
    else rest.push(...constants);
    return rest.length === 1 ? rest[0] : { anyOf: rest };
  }

  /** The checker has the members in an order of its own. */
  function enumOf(values) {
    const types = new Set(values.map((value) => typeof value));
    return {
      ...(types.size === 1 && { type: [...types][0] }),
      enum: orders.get(keyOfLiterals(values)) ?? values,
    };
  }

  function convertObject(type) {
    if (isMessage(type)) return sent ? MESSAGE_SENT : MESSAGE;
    if (open.includes(type)) return {};
    open.push(type);
    try {
      if (checker.isTupleType(type)) return convertTuple(type);
      if (checker.isArrayType(type)) return convertArray(type);
      return convertRecord(type);
    } finally {
      open.pop();
    }
  }

  function convertArray(type) {
    if (isMessageList(type)) return sent ? MESSAGES_SENT : MESSAGES;
    const items = convert(checker.getTypeArguments(type)[0]);
    return { type: "array", ...(!isAnything(items) && { items }) };
  }

  function convertTuple(type) {
    const { elementFlags, hasRestElement, minLength } = type.target;
    if (hasRestElement || elementFlags.some((flag) => flag & ts.ElementFlags.Variable))
      return { type: "array" };
    const items = checker.getTypeArguments(type).map(convert);
    return { type: "array", prefixItems: items, minItems: minLength, maxItems: items.length };
  }

  function convertRecord(type) {
    const callable = type.getCallSignatures().length + type.getConstructSignatures().length > 0;
    if (callable || isClass(type)) return {};
    const properties = {};
    const required = [];
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

  function isMessageList(type) {
    if (!checker.isArrayType(type)) return false;
    return membersOf(checker.getTypeArguments(type)[0]).some(isMessage);
  }

  /** Whether the class is LangChain's BaseMessage, or extends it. */
  function isMessage(type) {
    if (!isClass(type)) return false;
    const [declaration] = type.symbol.declarations ?? [];
    if (
      type.symbol.name === "BaseMessage" &&
      declaration?.getSourceFile().fileName.includes("/@langchain/core/")
    ) {
      return true;
    }
    return (checker.getBaseTypes(type.target ?? type) ?? []).some(isMessage);
  }

  const isOverwrite = (type) =>
    (type.flags & ts.TypeFlags.Object) !== 0 && type.getProperty("__overwrite__") !== undefined;

  return (type, isSent) => {
    budget = MAX_TYPES;
    sent = isSent;
    return convert(type);
  };
}

const membersOf = (type) => (type.isUnion() ? type.types : [type]);
const isClass = (type) => ((type.symbol?.flags ?? 0) & ts.SymbolFlags.Class) !== 0;
const isAbsent = (type) => (type.flags & (ts.TypeFlags.Undefined | ts.TypeFlags.Void)) !== 0;
const mayBeAbsent = (type) =>
  isAbsent(type) ||
  (type.flags & (ts.TypeFlags.Any | ts.TypeFlags.Unknown)) !== 0 ||
  (type.isUnion() && type.types.some(isAbsent));

/** `{}`, whatever it is described as. */
const isAnything = (schema) => Object.keys(schema).every((key) => key === "description");

function dedupe(schemas) {
  const seen = new Set();
  return schemas.filter((schema) => {
    const text = JSON.stringify(schema);
    return !seen.has(text) && seen.add(text);
  });
}

const keyOfLiterals = (values) => JSON.stringify([...values].sort());

/** Unions of literals as they are written, by the literals that they have. */
function literalOrders(sources) {
  const orders = new Map();
  const visit = (node) => {
    if (ts.isUnionTypeNode(node)) {
      const values = node.types.flatMap(({ literal }) =>
        literal === undefined
          ? []
          : ts.isStringLiteral(literal)
            ? [literal.text]
            : ts.isNumericLiteral(literal)
              ? [Number(literal.text)]
              : [],
      );
      if (values.length > 1 && !orders.has(keyOfLiterals(values))) orders.set(keyOfLiterals(values), values);
    }
    ts.forEachChild(node, visit);
  };
  for (const source of sources) visit(source);
  return orders;
}
