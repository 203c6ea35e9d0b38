/** What steps of `edgecron deploy` and `edgecron destroy` work with in tests: wrangler's answers are written out. */
import { vi } from "vitest";
import type { Asking } from "../../../cli/deploy/asking";
import { Deployment, type DeployOptions } from "../../../cli/deploy/deployment";
import type { Report } from "../../../cli/deploy/report";
import type { WranglerOptions, WranglerResult } from "../../../cli/deploy/run-wrangler";
import { runSteps, StepFailure } from "../../../cli/deploy/steps";
import type { Target } from "../../../cli/deploy/target";

export const UUID = "0b1c2d3e-0000-4000-8000-000000000001";
export const json = (value: unknown): Partial<WranglerResult> => ({ stdout: JSON.stringify(value) });
export const NO_WORKER = { code: 1, failure: { message: 'Worker "small" not found.' } };

/** What an account with nothing in it answers, by how the command begins. */
const EMPTY_ACCOUNT: Record<string, Partial<WranglerResult>> = {
  whoami: json({ email: "ada@example.com", accounts: [{ id: "a1", name: "Ada" }] }),
  "secret list": NO_WORKER,
  "d1 list": json([]),
  "d1 create": { stdout: `database_id = "${UUID}"` },
  "d1 migrations": {},
  deploy: { targets: ["https://small.ada.workers.dev", "schedule: * * * * *"] },
};
/** What a deployment leaves in the account. */
export const DEPLOYED = {
  "secret list": json([{ name: "API_KEYS" }]),
  "d1 list": json([{ uuid: UUID, name: "small-edgecron" }]),
};

export interface Given {
  account?: Record<string, Partial<WranglerResult>>;
  answers?: (boolean | string)[];
  options?: Partial<DeployOptions>;
  target?: Partial<Target>;
}

/** @returns what steps work with, and what they have asked of wrangler */
export function arrange({ account = {}, answers = [], target = {} }: Given) {
  const replies = { ...EMPTY_ACCOUNT, ...account };
  const calls: { command: string; options: WranglerOptions }[] = [];
  const lines: string[] = [];
  const tools = {
    report: reportTo(lines),
    asking: answering(answers),
    wrangler: async (args: readonly string[], options: WranglerOptions = {}): Promise<WranglerResult> => {
      const command = args.join(" ");
      calls.push({ command, options });
      const [, reply = {}] = Object.entries(replies).find(([start]) => command.startsWith(start)) ?? [];
      return { code: 0, stdout: "", output: "", failure: null, targets: [], ...reply };
    },
  };
  const whole: Target = {
    name: "small",
    database: { name: "small-edgecron" },
    accountId: undefined,
    variables: {},
    variablesFrom: ".env",
    bindings: new Set(),
    needsKey: true,
    mountPrefix: "",
    declarations: { project: "small", crons: [], notes: [] },
    environment: {},
    writeConfig: () => "wrangler.deploy.json",
    ...target,
  };
  return { tools, calls, lines, target: whole };
}

/** Deploys to a server that is up. */
export async function deploy(given: Given = {}) {
  vi.stubGlobal("fetch", async () => Response.json({ ok: true }));
  const { tools, calls, lines, target } = arrange(given);
  const deployment = new Deployment(target, tools, { yes: false, secrets: true, ...given.options });
  const done = await runSteps(deployment.steps(), tools.report);
  const uploads = calls.find(({ command }) => command === "deploy")?.options.secrets;
  return {
    done,
    uploads,
    deployment,
    commands: calls.map(({ command }) => command),
    printed: lines.join("\n"),
  };
}

export function reportTo(lines: string[]): Report {
  return {
    start: () => undefined,
    pause: () => undefined,
    done: (title, what) => lines.push(`${title}: ${what}`),
    failed: (title, { message, advice, original }) =>
      lines.push(`${title}: ${message}\n${advice}\n${original}`),
    planned: (_number, title, what) => lines.push(`${title}: ${what.join(" ")}`),
    line: (text = "") => lines.push(text),
  };
}

/** @param answers to questions, in order; without any there is no terminal */
export function answering(answers: (boolean | string)[]): Asking {
  const next = (question: string, instead: string): Promise<never> => {
    const answer = answers.shift();
    if (answer === undefined)
      return Promise.reject(new StepFailure(`There is no terminal to ask: ${question}`, instead));
    return Promise.resolve(answer as never);
  };
  return {
    isTerminal: answers.length > 0,
    confirm: next,
    choose: (question, _options, instead) => next(question, instead),
    type: next,
    typeSecretly: next,
  };
}
