/**
 * Which folder of src may import which other; imports of types count too. docs/architecture.md draws the folders and says what
 * runs in each of them.
 */

/** From the bottom up: a folder imports itself and the folders before it. */
const FOLDERS = [
  "tools",
  "platform",
  "wire",
  "schedule",
  "calls",
  "graphs",
  "auth",
  "d1",
  "cron",
  "thread",
  "edge",
];

const upward = FOLDERS.map((folder, index) => ({
  name: `${folder}-imports-only-folders-below-it`,
  severity: "error",
  from: { path: `^src/${folder}/` },
  to: { path: `^src/(${[...FOLDERS.slice(index + 1), "index"].join("|")})[/.]` },
}));

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    { name: "no-circle-of-imports", severity: "error", from: {}, to: { circular: true } },
    ...upward,
    {
      name: "the-objects-meet-only-in-src-calls",
      comment: "Code that runs in a thread's object cannot run in a cron's object, nor the other way about.",
      severity: "error",
      from: { path: "^src/thread/" },
      to: { path: "^src/cron/" },
    },
    {
      name: "the-edge-reaches-the-objects-through-src-calls",
      severity: "error",
      from: { path: "^src/edge/" },
      to: { path: "^src/(cron|thread)/" },
    },
    {
      name: "graphs-import-nothing-of-the-server",
      comment: "A graph runs in other servers too.",
      severity: "error",
      from: { path: "^src/graphs/" },
      to: { path: "^src/(?!graphs/)" },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    doNotFollow: { path: "node_modules" },
  },
};
