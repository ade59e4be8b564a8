/** A folder of src/ imports only from itself and from those before it. */
export const layers = [
  "tensor",
  "statistics",
  "tree",
  "files",
  "jobs",
  "onnx",
  "autodiff",
  "nn",
  "optim",
  "compile",
  "runtime",
  "weights",
  "data",
  "store",
  "networks",
  "train",
  "report",
  "tasks",
  "artifacts",
  "ready",
  "lab",
  "front",
  "serve",
  "studio",
  "cli",
  "bench",
];

/** Where a file may run. The core runs anywhere; a path says what else is needed. */
const nodePaths = (/** @type {string} */ folder) => [`${folder}/**/node.ts`, `${folder}/**/node/**`];
const webPaths = (/** @type {string} */ folder) => [`${folder}/**/web.ts`, `${folder}/**/web/**`];
const nodeFiles = [...nodePaths("src"), "src/store/**", "src/cli/**", "src/bench/**"];
const webFiles = webPaths("src");
const testFiles = ["**/*.test.ts", "test/**", "bench/**", "examples/**"];

const forbidNode = {
  regex: "^(onnxruntime-node|sharp|commander|cli-table3|picocolors)(/|$)|(^|/)node(/|\\.ts$)",
  message: "This file must run without Node: inject what it needs from a node file.",
};
const forbidWeb = {
  regex: "^onnxruntime-web(/|$)|(^|/)web(/|\\.ts$)",
  message: "This file must run without a browser: inject what it needs from a web file.",
};

/**
 * @param {readonly string[]} files
 * @param {readonly object[]} patterns
 */
const restrictImports = (files, patterns) => ({ files, rules: { "no-restricted-imports": ["error", { patterns }] } });

/**
 * @param {string} layer
 * @param {number} index
 */
const restrictLayer = (layer, index) => {
  const order = {
    regex: `^residua(/|$)|^(\\.\\./)+(${layers.slice(index + 1).join("|")})/`,
    message: `src/${layer} may import only from ${["itself", ...layers.slice(0, index)].join(", ")}.`,
  };
  const folder = `src/${layer}`;
  return [
    restrictImports([`${folder}/**`], [order, forbidNode, forbidWeb]),
    restrictImports(layer === "store" || layer === "cli" || layer === "bench" ? [`${folder}/**`] : nodePaths(folder), [
      order,
      forbidWeb,
    ]),
    restrictImports(webPaths(folder), [order, forbidNode]),
  ];
};

const forbiddenInCore =
  "process Buffer global require module __dirname __filename setImmediate setTimeout setInterval console fetch " +
  "window document navigator location self localStorage XMLHttpRequest Worker";

export default {
  options: { typeAware: true, denyWarnings: true, reportUnusedDisableDirectives: "error" },
  ignorePatterns: ["dist", "coverage"],
  plugins: ["typescript", "unicorn", "oxc", "import", "vitest"],
  jsPlugins: ["./scripts/lint-rules.mjs"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "import/no-cycle": ["error", { ignoreTypes: false }],
    "typescript/no-explicit-any": "error",
    "typescript/ban-ts-comment": "error",
    "typescript/consistent-type-imports": "error",
    "no-restricted-properties": [
      "error",
      { object: "Math", property: "random", message: "Use the seeded src/tensor/random.ts." },
    ],
    "unicorn/filename-case": ["error", { case: "kebabCase" }],
    eqeqeq: "error",
    // Off, since they refuse what is meant: helpers beside their use, casts of checked input, methods that have no `this`,
    // switches that TypeScript knows to be exhaustive, readers whose caller names the type.
    "unicorn/consistent-function-scoping": "off",
    "typescript/no-unsafe-type-assertion": "off",
    "typescript/unbound-method": "off",
    "typescript/consistent-return": "off",
    "typescript/no-unnecessary-type-parameters": "off",
    // fast-check is used as `fc`, and an expectation may carry a message.
    "import/no-named-as-default": "off",
    "import/no-named-as-default-member": "off",
    "vitest/valid-expect": ["error", { maxArgs: 2 }],
    "vitest/expect-expect": ["error", { assertFunctionNames: ["expect*", "fc.assert"] }],
    "typescript/no-generated-empty-object-type": "off",
  },
  overrides: [
    {
      files: ["src/**"],
      rules: {
        "import/no-nodejs-modules": "error",
        "residua/no-flags": "error",
        "no-restricted-globals": ["error", ...forbiddenInCore.split(" ")],
      },
    },
    ...layers.flatMap(restrictLayer),
    { files: [...nodeFiles, ...webFiles], rules: { "no-restricted-globals": "off" } },
    { files: nodeFiles, rules: { "import/no-nodejs-modules": "off" } },
    // The command lines themselves, and what translates their errors; the flags that recipe fields have there; custom properties of CSS.
    {
      files: [
        "src/cli/**",
        "src/bench/**",
        "src/train/recipe-options.ts",
        "src/report/node/style.ts",
        "src/report/zh/**",
        "src/studio/web/**",
        ...testFiles,
      ],
      rules: { "residua/no-flags": "off" },
    },
    {
      files: testFiles,
      rules: { "import/no-nodejs-modules": "off", "no-restricted-globals": "off", "no-restricted-imports": "off" },
    },
  ],
};
