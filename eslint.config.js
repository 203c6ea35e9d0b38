import reactHooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

export default tseslint.config(
  { ignores: ["**/.edgecron/", "**/.wrangler/", "**/dist/", "node_modules/"] },
  {
    files: [
      "cli/**/*.ts",
      "dashboard/**/*.{ts,tsx}",
      "demo/**/*.ts",
      "src/**/*.ts",
      "test/**/*.{ts,tsx}",
      "vitest.config.ts",
    ],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: "error" },
    rules: {
      // Numbers in messages are what a reader wants to see.
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true },
      ],
      // Handlers and interfaces of the platform are async without having to await.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/unbound-method": "off",
      "@typescript-eslint/switch-exhaustiveness-check": "error",
    },
  },
  {
    // Their usual limit is a second, which is too short on a busy machine.
    files: ["test/**/*.test.ts"],
    ignores: ["test/browser/**"],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "vi", property: "waitFor", message: "Use until or expect.poll." },
        { object: "vi", property: "waitUntil", message: "Use until or expect.poll." },
      ],
    },
  },
  { files: ["dashboard/**/*.tsx"], ...reactHooks.configs.flat.recommended },
  {
    // A route gets the objects of threads and crons from `access`, which asks whether its caller may reach them.
    files: ["src/edge/**/*.ts"],
    ignores: [
      "src/edge/permissions.ts",
      "src/edge/cron-runs.ts",
      "src/edge/pause-crons.ts",
      "src/edge/watchdog.ts",
    ],
    rules: {
      "no-restricted-imports": [
        "error",
        {
          paths: [
            { name: "../calls/thread-calls", importNames: ["threadObject"], message: "Use access.thread." },
            { name: "../calls/cron-calls", importNames: ["cronObject"], message: "Use access.cron." },
          ],
        },
      ],
    },
  },
);
