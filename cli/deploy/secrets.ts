/** Which variables of the project become secrets of the Worker, and the key with which it is called. */
import { randomBytes } from "node:crypto";
import { StepFailure } from "./steps.js";

export interface SecretChoice {
  /** Those that the Worker has not yet. */
  missing: Record<string, string>;
  /** Those that the Worker has. Their values stay, because nobody can compare them. */
  present: string[];
  /** Those that do not become secrets, by the reason. */
  leftOut: Map<string, string[]>;
}

/** Variables of the project that never become secrets, and why. */
const LEFT_OUT: readonly { name: RegExp; why: string }[] = [
  { name: /^(?:CLOUDFLARE|CF|WRANGLER)_/, why: "for wrangler only" },
  { name: /^EDGECRON_/, why: "for edgecron only" },
  // An `AUTH=open` that is meant for this machine would open the deployment to everybody.
  { name: /^AUTH$/, why: "for this machine only; for the deployment, set it under vars in wrangler.toml" },
];

/** Cloudflare's limit for the value of one secret. */
const MAX_BYTES = 5_120;
/** As src/platform/config.ts has it. */
const SHORTEST_KEY = 16;

/**
 * @param variables those that langgraph.json names: by default the content of `.env`
 * @param bindings what the Worker's configuration gives a name to: variables, databases and the like
 * @param present the names of the secrets that the Worker has
 * @throws StepFailure when a value cannot be a secret, or an API key is too short
 */
export function chooseSecrets(
  variables: Readonly<Record<string, string>>,
  bindings: ReadonlySet<string>,
  present: ReadonlySet<string>,
): SecretChoice {
  const choice: SecretChoice = { missing: {}, present: [], leftOut: new Map() };
  for (const [name, value] of Object.entries(variables)) {
    const why = reasonToLeaveOut(name, value, bindings);
    if (why !== undefined) choice.leftOut.set(why, [...(choice.leftOut.get(why) ?? []), name]);
    else if (present.has(name)) choice.present.push(name);
    else {
      checkValue(name, value);
      choice.missing[name] = value;
    }
  }
  return choice;
}

function reasonToLeaveOut(name: string, value: string, bindings: ReadonlySet<string>): string | undefined {
  if (value === "") return "empty";
  if (bindings.has(name)) return "set in the wrangler file";
  return LEFT_OUT.find((rule) => rule.name.test(name))?.why;
}

function checkValue(name: string, value: string): void {
  if (Buffer.byteLength(value) > MAX_BYTES) {
    throw new StepFailure(
      `${name} has ${Buffer.byteLength(value)} bytes, and a secret can have ${MAX_BYTES}`,
      "Shorten the value, remove it from .env, or keep it elsewhere, for example in KV.",
    );
  }
  if (name === "API_KEYS" && apiKeys(value).some((key) => key.length < SHORTEST_KEY)) {
    throw new StepFailure(
      `API_KEYS has a key of fewer than ${SHORTEST_KEY} characters, which could be guessed`,
      "Make one with `openssl rand -hex 32`, or remove API_KEYS from .env: then a key is made for you.",
    );
  }
}

/** The keys, without the names of their owners. */
const apiKeys = (value: string): string[] =>
  value
    .split(/[\s,]+/)
    .filter((key) => key !== "")
    .map((key) => /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}:(.+)$/.exec(key)?.[1] ?? key);

/** @returns the first key of an administrator: one without the name of an owner */
export const administratorKey = (value: string | undefined): string | undefined =>
  (value ?? "").split(/[\s,]+/).find((key) => key !== "" && !/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}:./.test(key));

export const newApiKey = (): string => `ek_${randomBytes(32).toString("base64url")}`;
