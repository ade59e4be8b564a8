import { readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type CallExpression,
  type Expression,
  type Function as FunctionNode,
  type ArrowFunctionExpression,
  type Argument,
  type Node,
  parseSync,
  type Program,
  visitorKeys,
} from "oxc-parser";
import { globSync } from "tinyglobby";

const root = fileURLToPath(new URL("../../src", import.meta.url));

/** A sentence that the code can throw, with `{}` for what varies. */
export interface ErrorTemplate {
  readonly text: string;
  /** File and line of the place that throws it. */
  readonly place: string;
}

type Callable = FunctionNode | ArrowFunctionExpression;

/** A call of a function by its name, and where it stands. */
interface Call {
  readonly args: readonly Argument[];
  readonly scope: Scope;
}

interface Source {
  readonly path: string;
  readonly text: string;
  readonly program: Program;
  readonly functions: Map<string, Callable[]>;
  readonly constants: Map<string, { readonly value: Expression; readonly scope: Scope }[]>;
  /** Local name → file and name there. */
  readonly imports: Map<string, { readonly path: string; readonly name: string }>;
}

/** Where an expression stands: its file, the functions around it, and what their parameters are bound to. */
interface Scope {
  readonly source: Source;
  readonly functions: readonly Named[];
  readonly bound: ReadonlyMap<string, Call["args"][number] | undefined>;
  readonly boundIn?: Scope;
}

interface Named {
  readonly name: string;
  readonly callable: Callable;
}

const HOLE = "{}";
const MOST_ALTERNATIVES = 60;
const DEEPEST = 8;

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

function childrenOf(node: Node): readonly Node[] {
  const fields = new Map<string, unknown>(Object.entries(node));
  return (visitorKeys[node.type] ?? []).flatMap((key) => {
    const value = fields.get(key);
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}

const isCallable = (node: Node | null | undefined): node is Callable =>
  node?.type === "FunctionDeclaration" ||
  node?.type === "FunctionExpression" ||
  node?.type === "ArrowFunctionExpression";

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value]);
}

/** Walks a file; tells every node with the functions around it. */
function walk(node: Node, scope: Scope, name: string, visit: (node: Node, scope: Scope) => void): void {
  visit(node, scope);
  const inner = isCallable(node)
    ? { ...scope, functions: [...scope.functions, { name: ("id" in node && node.id?.name) || name, callable: node }] }
    : scope;
  for (const child of childrenOf(node)) {
    const own =
      node.type === "VariableDeclarator" && node.id.type === "Identifier"
        ? node.id.name
        : node.type === "Property" && node.key.type === "Identifier"
          ? node.key.name
          : "";
    walk(child, inner, own, visit);
  }
}

function parse(path: string): Source {
  const text = readFileSync(path, "utf8");
  const source: Source = {
    path,
    text,
    program: parseSync(path, text).program,
    functions: new Map(),
    constants: new Map(),
    imports: new Map(),
  };
  walk(source.program, { source, functions: [], bound: new Map() }, "", (node, scope) => {
    if (node.type === "ImportDeclaration" && node.source.value.startsWith("."))
      for (const each of node.specifiers)
        if (each.type === "ImportSpecifier" && each.imported.type === "Identifier")
          source.imports.set(each.local.name, {
            path: join(dirname(path), node.source.value),
            name: each.imported.name,
          });
    if (node.type === "FunctionDeclaration" && node.id !== null) push(source.functions, node.id.name, node);
    if (node.type === "VariableDeclarator" && node.id.type === "Identifier" && node.init !== null)
      if (isCallable(node.init)) push(source.functions, node.id.name, node.init);
      else push(source.constants, node.id.name, { value: node.init, scope });
  });
  return source;
}

/** The sentences of all files below `src`. */
export function collectErrorTemplates(): readonly ErrorTemplate[] {
  const paths = globSync("**/*.ts", { cwd: root, absolute: true, ignore: ["**/*.test.ts", "**/*.d.ts"] });
  const sources = new Map(paths.map((path) => [path, parse(path)]));
  const calls = new Map<string, Call[]>();
  const thrown: { readonly argument: Argument; readonly scope: Scope; readonly place: string }[] = [];
  for (const source of sources.values()) {
    walk(source.program, { source, functions: [], bound: new Map() }, "", (node, scope) => {
      if (node.type === "CallExpression" && node.callee.type === "Identifier")
        push(calls, node.callee.name, { args: node.arguments, scope });
      const argument = sentenceOf(node);
      for (const sentence of argument === undefined ? refusalsOf(node) : [argument]) {
        const line = source.text.slice(0, sentence.start).split("\n").length;
        thrown.push({ argument: sentence, scope, place: `${relative(root, source.path)}:${line}` });
      }
    });
  }
  const resolve = createResolver(sources, calls);
  const found = thrown.flatMap(({ argument, scope, place }) =>
    resolve(argument, scope, 0).map((text) => ({ text: text.replaceAll(/(\{\})+/g, HOLE), place })),
  );
  return [...new Map(found.map((each) => [each.text, each])).values()];
}

/** The sentence of an error that is made here, or of a schema's check. */
function sentenceOf(node: Node): Argument | undefined {
  if (node.type === "NewExpression" && node.callee.type === "Identifier" && /[a-z]Error$/.test(node.callee.name)) {
    // A server's answer, which programs read.
    if (node.callee.name === "RequestError") return undefined;
    const at = node.callee.name === "InvalidArgumentError" || node.callee.name === "CommanderError" ? 0 : 1;
    return node.arguments[at];
  }
  if (node.type === "CallExpression" && isSchemaCheck(node)) return node.arguments.at(-1);
  return undefined;
}

const REFUSALS = "RecipeRefusals";

/** The reasons in a table of recipe fields that are refused: by its type or name, or as it is given to the function that throws them. */
function refusalsOf(node: Node): readonly Expression[] {
  switch (node.type) {
    case "CallExpression":
      return node.callee.type === "Identifier" && node.callee.name === "refuseRecipeFields"
        ? node.arguments.slice(1).flatMap(reasonsIn)
        : [];
    case "VariableDeclarator":
      return node.init !== null &&
        (isRefusals(node.id.typeAnnotation) || nameOf(node.id)?.endsWith("Refusals") === true)
        ? reasonsIn(node.init)
        : [];
    case "FunctionDeclaration":
    case "ArrowFunctionExpression":
      return isRefusals(node.returnType) ? returnsOf(node).flatMap(reasonsIn) : [];
    default:
      return [];
  }
}

/** Whether something is declared as a table of refused fields. */
const isRefusals = (typed: { readonly typeAnnotation: Node } | null | undefined): boolean =>
  typed?.typeAnnotation.type === "TSTypeReference" &&
  typed.typeAnnotation.typeName.type === "Identifier" &&
  typed.typeAnnotation.typeName.name === REFUSALS;

/** Sentences within an expression, as text or by the name of a constant. */
function reasonsIn(node: Node): readonly Expression[] {
  if (node.type === "TemplateLiteral" || (node.type === "Literal" && / /.test(String(node.value)))) return [node];
  if (node.type === "Property" && node.value.type === "Identifier") return [node.value as Expression];
  return childrenOf(node).flatMap(reasonsIn);
}

function isSchemaCheck({ callee, arguments: args }: CallExpression): boolean {
  const last = args.at(-1);
  return (
    callee.type === "MemberExpression" &&
    callee.object.type === "Identifier" &&
    callee.object.name === "v" &&
    (last?.type === "TemplateLiteral" || (last?.type === "Literal" && /\s/.test(String(last.value))))
  );
}

type Resolve = (node: Node, scope: Scope, depth: number) => readonly string[];

function createResolver(sources: ReadonlyMap<string, Source>, calls: ReadonlyMap<string, readonly Call[]>): Resolve {
  const limited = (texts: readonly string[]): readonly string[] => [...new Set(texts)].slice(0, MOST_ALTERNATIVES);
  const joined = (parts: readonly (readonly string[])[]): readonly string[] =>
    parts.reduce((before, part) => limited(before.flatMap((head) => part.map((tail) => head + tail))), [""]);

  /** What a place within a sentence may hold: phrases and endings that are written out there, else a hole. */
  const held = (node: Node, scope: Scope, depth: number): readonly string[] => {
    const isWritten =
      isChosen(node) ||
      (node.type === "Identifier" && scope.source.constants.get(node.name)?.some(({ value }) => isChosen(value)));
    return limited(
      resolve(node, scope, depth).map((text) => (isWritten || /[a-z][,:;]? [a-z]/i.test(text) ? text : HOLE)),
    );
  };

  const find = (name: string, source: Source): { callables: readonly Callable[]; source: Source } | undefined => {
    const callables = source.functions.get(name);
    if (callables !== undefined) return { callables, source };
    const from = source.imports.get(name);
    const next = from === undefined ? undefined : sources.get(from.path);
    return from === undefined || next === undefined ? undefined : find(from.name, next);
  };

  /** Parts that may be held apart: each is a clause of its own. */
  const elements = (node: Node, scope: Scope, depth: number): readonly string[] | undefined => {
    if (node.type !== "ArrayExpression") return undefined;
    return limited(
      node.elements.flatMap((each) =>
        each === null
          ? []
          : each.type === "SpreadElement"
            ? spread(each.argument, scope, depth)
            : resolve(each, scope, depth),
      ),
    );
  };
  const spread = (node: Node, scope: Scope, depth: number): readonly string[] =>
    node.type === "ConditionalExpression"
      ? [...spread(node.consequent, scope, depth), ...spread(node.alternate, scope, depth)]
      : (elements(node, scope, depth) ??
        (node.type === "Identifier" ? constantElements(node.name, scope, depth) : [HOLE]));
  const constantElements = (name: string, scope: Scope, depth: number): readonly string[] =>
    (scope.source.constants.get(name) ?? []).flatMap((each) => spread(each.value, each.scope, depth + 1));

  const identifier = (name: string, scope: Scope, depth: number): readonly string[] => {
    if (name === "undefined") return [HOLE];
    const bound = scope.bound.get(name);
    if (bound !== undefined && scope.boundIn !== undefined) return resolve(bound, scope.boundIn, depth + 1);
    for (const { name: owner, callable } of scope.functions.toReversed()) {
      const index = callable.params.findIndex((each) => nameOf(each) === name);
      if (index === -1) continue;
      const at = (calls.get(owner) ?? []).flatMap((call) => {
        if (find(owner, call.scope.source)?.source !== scope.source) return [];
        const argument = call.args[index];
        return argument === undefined || argument.type === "SpreadElement"
          ? []
          : resolve(argument, call.scope, depth + 1);
      });
      return at.length === 0 ? [HOLE] : at;
    }
    const constants = constantsOf(name, scope.source);
    return constants.length === 0 ? [HOLE] : constants.flatMap((each) => resolve(each.value, each.scope, depth + 1));
  };
  const constantsOf = (
    name: string,
    source: Source,
  ): readonly { readonly value: Expression; readonly scope: Scope }[] => {
    const own = source.constants.get(name);
    if (own !== undefined) return own;
    const from = source.imports.get(name);
    const next = from === undefined ? undefined : sources.get(from.path);
    return from === undefined || next === undefined ? [] : constantsOf(from.name, next);
  };

  const call = (node: CallExpression, scope: Scope, depth: number): readonly string[] => {
    const { callee } = node;
    if (
      callee.type === "MemberExpression" &&
      callee.property.type === "Identifier" &&
      callee.property.name === "join"
    ) {
      const [separator] = node.arguments;
      if (separator?.type !== "Literal" || separator.value !== "; ") return [HOLE];
      return (
        elements(callee.object, scope, depth) ??
        (callee.object.type === "Identifier" ? constantElements(callee.object.name, scope, depth) : [HOLE])
      );
    }
    if (callee.type !== "Identifier") return [HOLE];
    const found = find(callee.name, scope.source);
    if (found === undefined) return [HOLE];
    const texts = found.callables.flatMap((callable) => {
      const names = callable.params.map(nameOf);
      const bound = new Map(
        names.flatMap((name, index) =>
          name === undefined || node.arguments[index] === undefined ? [] : [[name, node.arguments[index]] as const],
        ),
      );
      const inner: Scope = { source: found.source, functions: [], bound, boundIn: scope };
      return returnsOf(callable).flatMap((each) => resolve(each, inner, depth + 1));
    });
    return texts.length === 0 ? [HOLE] : texts;
  };

  const member = (
    node: Extract<Node, { type: "MemberExpression" }>,
    scope: Scope,
    depth: number,
  ): readonly string[] => {
    if (node.object.type !== "Identifier") return [HOLE];
    const tables = constantsOf(node.object.name, scope.source).flatMap(({ value, scope: inner }) => {
      const table = bare(value);
      if (table.type !== "ObjectExpression") return [];
      return table.properties.flatMap((each) => {
        if (each.type !== "Property") return [];
        const isWanted =
          node.computed ||
          (node.property.type === "Identifier" &&
            each.key.type === "Identifier" &&
            each.key.name === node.property.name);
        return isWanted ? resolve(each.value, inner, depth + 1) : [];
      });
    });
    return tables.length === 0 ? [HOLE] : tables;
  };

  const resolve: Resolve = (node, scope, depth) => {
    if (depth > DEEPEST) return [HOLE];
    switch (node.type) {
      case "Literal":
        return [typeof node.value === "string" ? node.value : HOLE];
      case "TemplateLiteral":
        return joined(
          node.quasis.flatMap((quasi, index) => {
            const text = [quasi.value.cooked ?? quasi.value.raw];
            const next = node.expressions[index];
            return next === undefined ? [text] : [text, held(next, scope, depth)];
          }),
        );
      case "BinaryExpression":
        return node.operator === "+"
          ? joined([resolve(node.left, scope, depth), resolve(node.right, scope, depth)])
          : [HOLE];
      case "ConditionalExpression":
        return limited([...resolve(node.consequent, scope, depth), ...resolve(node.alternate, scope, depth)]);
      case "LogicalExpression":
        return limited([...resolve(node.left, scope, depth), ...resolve(node.right, scope, depth)]);
      case "Identifier":
        return limited(identifier(node.name, scope, depth));
      case "CallExpression":
        return limited(call(node, scope, depth));
      case "MemberExpression":
        return limited(member(node, scope, depth));
      default: {
        const inner = bare(node);
        return inner === node ? [HOLE] : resolve(inner, scope, depth);
      }
    }
  };
  return resolve;
}

const isChosen = (node: Node): boolean => {
  const inner = bare(node);
  return (
    inner.type === "ConditionalExpression" &&
    [inner.consequent, inner.alternate].some((each) => each.type === "Literal" || isChosen(each))
  );
};

/** An expression without types, parentheses and `await`. */
function bare(node: Node): Node {
  switch (node.type) {
    case "TSAsExpression":
    case "TSSatisfiesExpression":
    case "TSNonNullExpression":
    case "ParenthesizedExpression":
    case "ChainExpression":
      return bare(node.expression);
    case "AwaitExpression":
      return bare(node.argument);
    default:
      return node;
  }
}

function nameOf(parameter: Node): string | undefined {
  if (parameter.type === "Identifier") return parameter.name;
  return parameter.type === "AssignmentPattern" ? nameOf(parameter.left) : undefined;
}

/** What a function may return. */
function returnsOf(callable: Callable): readonly Node[] {
  const { body } = callable;
  if (body === null) return [];
  if (body.type !== "BlockStatement") return [body];
  const found: Node[] = [];
  const search = (node: Node): void => {
    if (isCallable(node)) return;
    if (node.type === "ReturnStatement" && node.argument !== null) found.push(node.argument);
    else for (const child of childrenOf(node)) search(child);
  };
  search(body);
  return found;
}
