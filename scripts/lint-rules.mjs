/** Lint rules of this repository's own, which oxlint loads as a plugin. */

/**
 * @typedef {{ readonly type: string, readonly parent?: Node }} Node
 * @typedef {{ report(problem: { readonly node: Node, readonly message: string }): void }} Context
 */

/** A flag, alone or in a sentence. */
const flag = /(^|[\s(`])--[a-z]/;

const message =
  "Errors outside src/cli name fields of the library (`model`), not flags (`--model`): src/cli/field-flags.ts maps them.";

/** Refuses texts that hold a command line's flags. Elements of an array are left alone: arguments of another program. */
const noFlags = {
  /** @param {Context} context */
  create(context) {
    /** @param {Node} node @param {unknown} text */
    const check = (node, text) => {
      if (typeof text === "string" && flag.test(text) && node.parent?.type !== "ArrayExpression")
        context.report({ node, message });
    };
    return {
      /** @param {Node & { readonly value: unknown }} node */
      Literal: (node) => check(node, node.value),
      /** @param {Node & { readonly value: { readonly cooked: unknown } }} node */
      TemplateElement: (node) => check(node, node.value.cooked),
    };
  },
};

export default { meta: { name: "residua" }, rules: { "no-flags": noFlags } };
