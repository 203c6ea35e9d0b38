/**
 * Finds the subgraphs of a graph in its source text: the types of a graph name its nodes, but do not say which
 * of them are graphs. Follows `.addNode("name", subgraph)` through chains of calls, variables, imports and
 * functions that return the graph. A subgraph made in another way is not found, and then has no schema.
 */
import ts from "typescript";

/** How deep graphs are followed into subgraphs. */
const MAX_NESTING = 8;

/** A node that is added to a graph: its name, and the expression that makes it. */
type AddedNode = readonly [name: string, node: ts.Expression];

/** What was followed already. */
type Seen = Set<ts.Node | ts.Symbol>;

export interface SubgraphFinder {
  /** The types of the subgraphs of the graph that the symbol stands for, by path, as in "outer|inner". */
  readonly ofSymbol: (symbol: ts.Symbol) => Map<string, ts.Type>;
}

export function subgraphFinder(checker: ts.TypeChecker): SubgraphFinder {
  function ofSymbol(symbol: ts.Symbol): Map<string, ts.Type> {
    const found = new Map<string, ts.Type>();
    follow(nodesOfSymbol(symbol, new Set()), "", 0, found);
    return found;
  }

  function follow(
    nodes: readonly AddedNode[],
    prefix: string,
    depth: number,
    found: Map<string, ts.Type>,
  ): void {
    if (depth === MAX_NESTING) return;
    for (const [name, expression] of nodes) {
      const type = checker.getTypeAtLocation(expression);
      if (checker.getPropertyOfType(type, "lg_is_pregel") === undefined) continue;
      // Two graphs under one name, in branches of a function for example: it cannot be told which it is.
      if (found.has(prefix + name)) found.set(prefix + name, checker.getAnyType());
      else found.set(prefix + name, type);
      follow(nodesOf(expression, new Set()), `${prefix}${name}|`, depth + 1, found);
    }
  }

  /** The nodes `[name, expression]` that are added to the graph that this expression makes. */
  function nodesOf(node: ts.Node, seen: Seen): AddedNode[] {
    if (seen.has(node)) return [];
    seen.add(node);
    if (ts.isIdentifier(node)) return nodesOfSymbol(resolve(node), seen);
    if (ts.isFunctionLike(node)) return returnsOf(node).flatMap((returned) => nodesOf(returned, seen));
    if (ts.isCallExpression(node)) {
      const { expression: callee } = node;
      if (!ts.isPropertyAccessExpression(callee)) return nodesOf(callee, seen);
      return [...nodesAddedBy(node), ...nodesOf(callee.expression, seen)];
    }
    if (ts.isConditionalExpression(node)) {
      return [...nodesOf(node.whenTrue, seen), ...nodesOf(node.whenFalse, seen)];
    }
    if (isWrapper(node)) return nodesOf(node.expression, seen);
    return [];
  }

  function nodesOfSymbol(symbol: ts.Symbol | undefined, seen: Seen): AddedNode[] {
    if (symbol === undefined || seen.has(symbol)) return [];
    seen.add(symbol);
    return (symbol.declarations ?? []).flatMap((declaration) => {
      if (ts.isExportAssignment(declaration)) return nodesOf(declaration.expression, seen);
      if (ts.isFunctionDeclaration(declaration)) return nodesOf(declaration, seen);
      if (!ts.isVariableDeclaration(declaration)) return [];
      const made = declaration.initializer === undefined ? [] : nodesOf(declaration.initializer, seen);
      return [...made, ...nodesAddedLater(symbol, declaration.getSourceFile())];
    });
  }

  /** `builder.addNode(…)` as a statement of its own. */
  function nodesAddedLater(symbol: ts.Symbol, source: ts.SourceFile): AddedNode[] {
    const found: AddedNode[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isExpressionStatement(node) && ts.isCallExpression(node.expression)) {
        const calls = chainOf(node.expression);
        const root = calls.at(-1)?.expression.expression;
        if (root !== undefined && ts.isIdentifier(root) && resolve(root) === symbol) {
          found.push(...calls.flatMap(nodesAddedBy));
        }
      }
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  }

  function resolve(identifier: ts.Identifier): ts.Symbol | undefined {
    const symbol = ts.isShorthandPropertyAssignment(identifier.parent)
      ? checker.getShorthandAssignmentValueSymbol(identifier.parent)
      : checker.getSymbolAtLocation(identifier);
    if (symbol === undefined) return undefined;
    return symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
  }

  return { ofSymbol };
}

/** A call of a method. */
type MethodCall = ts.CallExpression & { readonly expression: ts.PropertyAccessExpression };

/** The calls of `a.b().c()`, the last first. */
function chainOf(call: ts.CallExpression): MethodCall[] {
  const calls: MethodCall[] = [];
  for (
    let node: ts.Expression = call;
    ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression);
  ) {
    calls.push(node as MethodCall);
    node = node.expression.expression;
  }
  return calls;
}

/** What one call adds: `addNode("name", node, options)`, `addNode({ name: node })`, `addNode([["name", node]])`. */
function nodesAddedBy({ expression: callee, arguments: args }: ts.CallExpression): AddedNode[] {
  const method = ts.isPropertyAccessExpression(callee) ? callee.name.text : "";
  if (method !== "addNode" && method !== "addSequence") return [];
  const [first] = args;
  if (first === undefined) return [];
  if (ts.isStringLiteralLike(first)) return entry(args);
  if (ts.isArrayLiteralExpression(first)) {
    return first.elements.flatMap((element) =>
      ts.isArrayLiteralExpression(element) ? entry(element.elements) : [],
    );
  }
  if (!ts.isObjectLiteralExpression(first)) return [];
  return first.properties.flatMap((property): AddedNode[] => {
    if (ts.isShorthandPropertyAssignment(property)) return [[property.name.text, property.name]];
    if (!ts.isPropertyAssignment(property) || ts.isComputedPropertyName(property.name)) return [];
    return [[property.name.text, property.initializer]];
  });
}

/** A name, a node, and perhaps options, whose `subgraphs` tell of a graph that the node calls itself. */
function entry([name, node, options]: readonly ts.Expression[]): AddedNode[] {
  if (name === undefined || !ts.isStringLiteralLike(name) || node === undefined) return [];
  const listed =
    options !== undefined && ts.isObjectLiteralExpression(options)
      ? options.properties.find((property) => property.name?.getText() === "subgraphs")
      : undefined;
  if (
    listed !== undefined &&
    ts.isPropertyAssignment(listed) &&
    ts.isArrayLiteralExpression(listed.initializer)
  ) {
    return listed.initializer.elements.map((graph) => [name.text, graph] as const);
  }
  return [[name.text, node]];
}

function returnsOf(declaration: ts.SignatureDeclaration): ts.Node[] {
  const body = "body" in declaration ? declaration.body : undefined;
  if (body === undefined) return [];
  if (!ts.isBlock(body)) return [body];
  const found: ts.Node[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isReturnStatement(node) && node.expression !== undefined) found.push(node.expression);
    if (!ts.isFunctionLike(node)) ts.forEachChild(node, visit);
  };
  ts.forEachChild(body, visit);
  return found;
}

type Wrapper =
  | ts.ParenthesizedExpression
  | ts.AwaitExpression
  | ts.AsExpression
  | ts.SatisfiesExpression
  | ts.NonNullExpression;

const isWrapper = (node: ts.Node): node is Wrapper =>
  ts.isParenthesizedExpression(node) ||
  ts.isAwaitExpression(node) ||
  ts.isAsExpression(node) ||
  ts.isSatisfiesExpression(node) ||
  ts.isNonNullExpression(node);
