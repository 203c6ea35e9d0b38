/** The steps of `edgecron deploy` and `edgecron destroy` with answers of wrangler that are written here, which takes no time. */
import { afterEach, expect, test, vi } from "vitest";
import { Destruction } from "../../../cli/deploy/destruction";
import { runSteps } from "../../../cli/deploy/steps";
import type { Target } from "../../../cli/deploy/target";
import { arrange, deploy, DEPLOYED, json, NO_WORKER, UUID } from "./tools";

afterEach(() => {
  vi.unstubAllGlobals();
  vi.unstubAllEnvs();
});

const yes = { yes: true };
const NEW_KEY = /^ek_[\w-]{43}$/;

test("an empty account gets a database, and the Worker together with its secrets and a new key", async () => {
  const variables = { OPENAI_API_KEY: "sk-of-ada" };
  const { done, uploads, deployment, commands } = await deploy({ answers: [true], target: { variables } });
  expect(done).toBe(true);
  expect(commands).toEqual([
    "whoami --json",
    "secret list --name small --format json",
    "d1 list --json",
    "d1 create small-edgecron",
    "d1 migrations apply DB --remote",
    "deploy",
  ]);
  expect(uploads).toEqual({ ...variables, API_KEYS: expect.stringMatching(NEW_KEY) as string });
  expect(deployment.url).toBe("https://small.ada.workers.dev");
  expect(deployment.newKey).toBe(uploads?.API_KEYS);
});

test("who is not logged in is told how, and nothing is asked of Cloudflare after that", async () => {
  const account = { whoami: { code: 1, ...json({ loggedIn: false }) } };
  const { done, commands, printed } = await deploy({ account, options: yes });
  expect(done).toBe(false);
  expect(commands).toEqual(["whoami --json"]);
  expect(printed).toMatch(
    /you are not logged in.*\n.*npx wrangler login.*CLOUDFLARE_API_TOKEN.*CLOUDFLARE_ACCOUNT_ID/,
  );
});

test("of several accounts one is chosen, by the environment, or by who is asked", async () => {
  const account = {
    whoami: json({
      accounts: [
        { id: "a1", name: "Ada" },
        { id: "a2", name: "Work" },
      ],
    }),
  };
  const nobody = await deploy({ account, options: yes });
  expect(nobody.printed).toMatch(/no terminal.*\nSet CLOUDFLARE_ACCOUNT_ID[^]*a1 {2}Ada\n {2}a2 {2}Work/);
  expect((await deploy({ account, answers: ["a2"], options: yes })).printed).toContain("Login: Work (a2)");
  expect((await deploy({ account, options: yes, target: { accountId: "a2" } })).printed).toContain(
    "Login: Work (a2)",
  );
  // A token may not be allowed to list the account that it is for.
  expect((await deploy({ account, options: yes, target: { accountId: "a3" } })).printed).toContain(
    "Login: the account a3",
  );
});

test("a Worker that EdgeCron has not deployed is not overwritten, and not destroyed", async () => {
  const account = { "secret list": json([]) };
  const { done, printed, commands } = await deploy({ account, options: yes });
  expect(done).toBe(false);
  expect(printed).toMatch(/EdgeCron did not deploy that Worker\nChoose another name with --name/);
  expect(commands).not.toContain("deploy");

  const { tools, target, lines } = arrange({ account });
  expect(await runSteps(new Destruction(target, tools, yes).search(), tools.report)).toBe(false);
  expect(lines.join("\n")).toContain("EdgeCron did not deploy that Worker");
  // The project's wrangler file names a database: then it is the project's own Worker.
  const own = { database: { name: "mine", id: UUID } };
  expect((await deploy({ account, options: yes, target: own })).done).toBe(true);
});

test("a secret is uploaded when the Worker has it not, and its owner agrees", async () => {
  const target = {
    variables: {
      API_KEYS: "key-of-sixteen-or-more",
      OPENAI_API_KEY: "new",
      LANGSMITH_API_KEY: "",
      MODEL: "m",
      AUTH: "open",
      CLOUDFLARE_API_TOKEN: "t",
      EDGECRON_API_KEY: "own-key-of-twenty-one",
    },
    bindings: new Set(["MODEL"]),
  };
  const agreed = await deploy({ target, answers: [true] });
  expect(agreed.uploads).toEqual({ API_KEYS: "key-of-sixteen-or-more", OPENAI_API_KEY: "new" });
  expect(agreed.deployment.newKey).toBeNull();
  expect(agreed.deployment.key).toBe("key-of-sixteen-or-more");
  expect(agreed.printed).toMatch(
    /LANGSMITH_API_KEY: left out \(empty\)[^]*MODEL: left out \(set in the wrangler file\)/,
  );

  // The key of the project's own commands is the one that is not asked for.
  const declined = await deploy({ target, answers: [false] });
  expect(declined.uploads).toEqual({ API_KEYS: "own-key-of-twenty-one" });
  const without = await deploy({ target, options: { yes: true, secrets: false } });
  expect(without.uploads).toEqual({ API_KEYS: "own-key-of-twenty-one" });

  const later = await deploy({ target, account: DEPLOYED, options: yes });
  expect(later.uploads).toEqual({ OPENAI_API_KEY: "new" });
  expect(later.printed).toContain("API_KEYS stays as it is");
});

test("a key is made only for who can see it, and only when there is none", async () => {
  const unseen = await deploy();
  expect(unseen.printed).toMatch(/printed to a log\n.*EDGECRON_API_KEY.*--yes/);
  expect(unseen.commands).not.toContain("d1 create small-edgecron");
  expect((await deploy({ target: { needsKey: false } })).uploads).toBeUndefined();
  expect((await deploy({ account: DEPLOYED })).uploads).toBeUndefined();

  vi.stubEnv("EDGECRON_API_KEY", "key-in-the-environment");
  const own = await deploy();
  expect(own.uploads).toEqual({ API_KEYS: "key-in-the-environment" });
  expect(own.deployment.newKey).toBeNull();
  vi.stubEnv("EDGECRON_API_KEY", "short");
  expect((await deploy()).printed).toMatch(/fewer than 16 characters/);
  vi.stubEnv("EDGECRON_API_KEY", undefined);
  expect((await deploy({ options: yes, target: { variables: { API_KEYS: "ada:short" } } })).printed).toMatch(
    /fewer than 16 characters/,
  );
  expect((await deploy({ options: yes, target: { variables: { BIG: "x".repeat(6_000) } } })).printed).toMatch(
    /BIG has 6000 bytes/,
  );
});

test("a key that was stored is shown when the deployment fails after that, and only then", async () => {
  const deployFails = { deploy: { code: 1, output: "something else" } };
  const early = await deploy({ options: yes, account: deployFails });
  expect(early.printed).not.toMatch(/ek_/);
  expect(early.printed).toMatch(/could not be deployed\nSee what wrangler says below[^]*something else/);
  // Whether it was stored cannot be found out either.
  let asked = 0;
  const secretList = {
    get code() {
      return asked++ === 0 ? 1 : 2;
    },
    get failure() {
      return asked === 1 ? NO_WORKER.failure : { message: "fetch failed" };
    },
  };
  const unknown = await deploy({ options: yes, account: { ...deployFails, "secret list": secretList } });
  expect(unknown.printed).toMatch(/If the upload was through, this is the API key:\n\n {2}ek_/);
});

test("the address is where the Worker answers", async () => {
  const at = async (...targets: string[]) =>
    (await deploy({ options: yes, account: { deploy: { targets } } })).deployment.url;
  expect(await at("https://small.ada.workers.dev", "schedule: * * * * *")).toBe(
    "https://small.ada.workers.dev",
  );
  expect(await at("agents.example.com (custom domain)", "https://small.ada.workers.dev")).toBe(
    "https://agents.example.com",
  );
  expect(await at("agents.example.com (custom domain - zone name: example.com)")).toBe(
    "https://agents.example.com",
  );
  expect(await at("example.com/agents/* (zone name: example.com)")).toBeNull();
});

test("destroying is confirmed by the name, and says what will be lost", async () => {
  const account = DEPLOYED;
  const destroyed = async (answers: string[], own: Partial<Target> = {}) => {
    const { tools, calls, lines, target } = arrange({ account, answers, target: own });
    const destruction = new Destruction(target, tools, { yes: false });
    await runSteps(destruction.search(), tools.report);
    const { losses } = destruction;
    await destruction.confirm();
    await runSteps(destruction.steps(), tools.report);
    const deleted = calls.map(({ command }) => command).filter((command) => command.includes("delete"));
    return { losses: losses.join("\n"), deleted, printed: lines.join("\n") };
  };
  await expect(destroyed([])).rejects.toMatchObject({ advice: expect.stringContaining("--yes") as string });
  await expect(destroyed(["smal"])).rejects.toThrow("nothing was destroyed");
  const all = await destroyed(["small"]);
  expect(all.deleted).toEqual(["delete small --force", `d1 delete ${UUID} --skip-confirmation`]);
  expect(all.losses).toMatch(/Worker "small"[^]*crons[^]*API_KEYS[^]*D1 database "small-edgecron"/);
  // Once more, it finds nothing.
  const { tools, target } = arrange({});
  const again = new Destruction(target, tools, { yes: true });
  expect(await runSteps(again.search(), tools.report)).toBe(true);
  expect(again.losses).toEqual([]);
  // A database that EdgeCron has not made is not its to delete.
  const own = await destroyed(["small"], { database: { name: "mine", id: UUID } });
  expect(own.deleted).toEqual(["delete small --force"]);
  expect(own.printed).toContain("is kept");
});
