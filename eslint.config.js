import js from "@eslint/js";

/* Names that don't exist are found by tsc (package.json: types). */
export default [
  { ignores: ["**/vendor/", "**/node_modules/", ".venv/", "var/", "docs/"] },
  js.configs.recommended,
  {
    files: ["gridmgr/static/js/**/*.js", "tests/js/**/*.js", "eslint.config.js"],
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      "no-undef": "off",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_", caughtErrorsIgnorePattern: "^_" }],
      eqeqeq: "error",
      curly: "error",
      "prefer-const": "error",
      "no-var": "error",
      "object-shorthand": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      complexity: ["error", 12],
      "max-lines": ["error", 250],
      "max-len": ["error", { code: 160 }],
      quotes: ["error", "double", { avoidEscape: true, allowTemplateLiterals: true }],
      semi: "error",
      "no-restricted-syntax": ["error", {
        selector: "ExportNamedDeclaration > VariableDeclaration[kind=let]",
        message: "What a module exports stays the same: gridmgr/core/modules.py hands it on by value.",
      }],
    },
  },
];
