/** What a user is told to do about the errors of wrangler. */
import { expect, test } from "vitest";
import { wranglerFailure } from "../../../cli/deploy/wrangler-failures";

const failureOf = (output: string, code?: number) =>
  wranglerFailure("it could not be done", {
    code: 1,
    stdout: "",
    output,
    failure: { message: "A request failed.", code },
    targets: [],
  });

test.each([
  [
    "More than one account available but unable to select one in non-interactive mode.",
    undefined,
    /CLOUDFLARE_ACCOUNT_ID/,
  ],
  [
    "In a non-interactive environment, it's necessary to set a CLOUDFLARE_API_TOKEN environment variable",
    undefined,
    /npx wrangler login/,
  ],
  ["Authentication error [code: 10000]", 10_000, /D1: Edit/],
  ["Unable to authenticate request [code: 10001]", undefined, /lacks a permission/],
  [
    "You can either deploy your worker to one or more routes by specifying them in your wrangler.json file, or register a workers.dev subdomain here:",
    undefined,
    /Compute/,
  ],
  [
    "Your Worker exceeded the size limit of 3 MiB. Please upgrade to a paid plan [code: 10027]",
    10_027,
    /paid plan/,
  ],
  ["Error: Script startup exceeded CPU time limit. [code: 10021]", 10_021, /import\(\)/],
  ["workers.api.error.too_many_crons [code: 10072]", 10_072, /no cron trigger left/],
  ["You have reached the maximum number of D1 databases for your account.", undefined, /no D1 database left/],
  [
    "Binding name 'MODEL' already in use. Please use a different name and try again. [code: 10053]",
    10_053,
    /secret delete/,
  ],
  ['Uncaught Error: No such module "node:child_process". [code: 10021]', 10_021, /do without that package/],
  [
    "Could not route to /accounts/x/d1/database, perhaps your object identifier is invalid? [code: 7003]",
    7003,
    /is not an account's id/,
  ],
  ["You need to verify your email address to use Workers. [code: 10034]", 10_034, /e-mail/],
  ["fetch failed: getaddrinfo ENOTFOUND api.cloudflare.com", undefined, /HTTPS_PROXY/],
  ["workers.api.error.unknown [code: 10013]", 10_013, /cloudflarestatus/],
  ["something that nobody has seen before", undefined, /may be repeated/],
])("%s", (output, code, advice) => {
  const failure = failureOf(output, code);
  expect(failure.advice).toMatch(advice);
  expect(failure.original).toBe(output);
});

test("wrangler's own words are shown without what helps nobody here", () => {
  const { original } = failureOf(
    [
      "✘ [ERROR] A request to the Cloudflare API (/accounts/a1/workers) failed.",
      "",
      "  Authentication error [code: 10000]",
      "  If you think this is a bug, please open an issue at: https://github.com/…",
      "",
      "Getting User settings...",
      "👋 You are logged in",
      "🪵  Logs were written to …",
    ].join("\n"),
  );
  expect(original).toBe(
    "✘ [ERROR] A request to the Cloudflare API (/accounts/a1/workers) failed.\n  Authentication error [code: 10000]",
  );
});
