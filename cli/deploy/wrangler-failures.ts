/** What the user should do about an error of wrangler. Its own words are shown below that. */
import { StepFailure } from "./steps.js";
import type { WranglerResult } from "./run-wrangler.js";

interface KnownFailure {
  /** Cloudflare's numbers of the error. */
  codes?: readonly number[];
  /** What wrangler or Cloudflare say. */
  says?: RegExp;
  advice: string;
}

export const HOW_TO_LOG_IN =
  "Log in with `npx wrangler login`. Where no browser is, as in CI, set CLOUDFLARE_API_TOKEN, and CLOUDFLARE_ACCOUNT_ID beside it. " +
  'A token is made at https://dash.cloudflare.com/profile/api-tokens with the template "Edit Cloudflare Workers" and the ' +
  "permission D1: Edit added.";

/** The first that fits is the one: those that say more come first. */
const KNOWN: readonly KnownFailure[] = [
  {
    says: /More than one account available/,
    advice:
      "Your login reaches several accounts. Set CLOUDFLARE_ACCOUNT_ID to the one to use, or account_id in your wrangler file.",
  },
  {
    says: /Not logged in|not authenticated|necessary to set a CLOUDFLARE_API_TOKEN|auth token has expired/i,
    advice: HOW_TO_LOG_IN,
  },
  {
    codes: [10034],
    says: /verify your email/i,
    advice:
      "Cloudflare has sent you an e-mail when you signed up. Follow the link in it, or ask for another at https://dash.cloudflare.com.",
  },
  {
    codes: [10063],
    says: /register a workers\.dev subdomain|workers\.dev subdomain/i,
    advice:
      "The account has no workers.dev subdomain yet, under which its Workers answer. Choose one at https://dash.cloudflare.com, in Compute > Workers & Pages. " +
      "Or name a route of your own domain in your wrangler file (`routes`).",
  },
  {
    codes: [10072],
    says: /too_many_crons|limit of \d+ cron triggers/i,
    advice:
      "The account has no cron trigger left, and the server needs one for its watchdog. The free plan has 5 in all. Remove one of another " +
      "Worker, or take the paid plan. The Worker itself was uploaded.",
  },
  {
    codes: [7406],
    says: /maximum number of D1 databases|databases per account/i,
    advice:
      "The account has no D1 database left. Delete one that you do not need (`npx wrangler d1 list`), or take the paid plan.",
  },
  {
    codes: [10027],
    says: /exceeded (?:the )?size limit/i,
    advice:
      "The bundle is too large: 3 MB compressed on the free plan, 10 MB on the paid one. Take the paid plan, or leave out packages; " +
      "the largest are named below.",
  },
  {
    says: /startup exceeded CPU time limit|exceeded startup limits|exceeded memory limit/i,
    advice:
      "The Worker takes too long to be loaded. Move what a graph's module does while it is loaded into its nodes, or load large packages by `import()` there. " +
      "This limit is near when it is met only sometimes: then repeat the command.",
  },
  {
    codes: [10053],
    says: /already in use/i,
    advice:
      "A variable of your wrangler file has the name of a secret that the Worker has. Remove one of the two: `npx wrangler secret delete NAME`, or the line in the file.",
  },
  {
    says: /No such module|Could not resolve|not yet implemented|unenv/i,
    advice:
      "The bundle needs a module that Workers do not have. Find who imports it in the text below, and do without that package in the Worker.",
  },
  {
    says: /Can't deploy routes that are assigned to another worker/,
    advice:
      "Another Worker has the route of your wrangler file. Take it away from that Worker, or name another route.",
  },
  {
    says: /Could not find zone|zone .* not found/i,
    advice:
      "The domain of a route in your wrangler file is not in this account. Add it there, or log in to the account that has it.",
  },
  {
    codes: [10074],
    says: /already depended on by existing Durable Objects/,
    advice:
      "A Worker of this name has objects of the same class, which another version of its configuration made. Choose another name with --name.",
  },
  {
    codes: [7404],
    says: /database .*(?:not be found|not found|does not exist)|Couldn't find (?:a )?D1 DB/i,
    advice:
      "The account has no database with the database_id of your wrangler file. Correct it, or remove the entry: then the database is made for you.",
  },
  {
    codes: [7003],
    says: /Could not route to|object identifier is invalid/,
    advice:
      "CLOUDFLARE_ACCOUNT_ID, or account_id in your wrangler file, is not an account's id. `npx wrangler whoami` lists those of your accounts.",
  },
  {
    codes: [1000, 9106, 9109, 10000, 10001],
    says: /Authentication error|Invalid API Token|Unauthorized/i,
    advice: `The login is not valid for this, or lacks a permission. ${HOW_TO_LOG_IN}`,
  },
  {
    codes: [971, 10429],
    says: /rate limit|too many requests/i,
    advice: "Cloudflare takes no more calls for the moment. Wait for five minutes, and repeat the command.",
  },
  {
    says: /SQLITE_ERROR|D1_ERROR|Migration .* failed/i,
    advice:
      "A migration did not fit the database. It was rolled back, and those before it stay. Was the database changed by hand, or is it another project's? " +
      "Choose another name with --name to begin with an empty one.",
  },
  {
    says: /fetch failed|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|connect timeout|socket hang up|network/i,
    advice:
      "Cloudflare could not be reached. Check the connection, and HTTPS_PROXY if there is a proxy. Then repeat the command.",
  },
  {
    codes: [7500, 7501, 10013],
    says: /internal error|malformed response|workers\.api\.error\.unknown|\b50[0234]\b/i,
    advice:
      "Cloudflare had an error of its own. Repeat the command in a minute; https://www.cloudflarestatus.com says whether it lasts.",
  },
];

const OTHERWISE =
  "See what wrangler says below. The command may be repeated: what is done is not done again.";

/** @param what what could not be done, as a sentence */
export function wranglerFailure(what: string, result: WranglerResult): StepFailure {
  const { code } = result.failure ?? {};
  const text = `${result.failure?.message ?? ""}\n${result.output}`;
  const inText = [...text.matchAll(/\[code: (\d+)\]/g)].map(([, digits]) => Number(digits));
  const numbers = new Set(code === undefined ? inText : [code, ...inText]);
  const known =
    KNOWN.find(({ says }) => says?.test(text)) ??
    KNOWN.find(({ codes = [] }) => codes.some((number) => numbers.has(number)));
  return new StepFailure(what, known?.advice ?? OTHERWISE, withoutNoise(result.output));
}

/** wrangler's text, without its table of the login, where its log is, and the request to report a bug. */
function withoutNoise(output: string): string {
  return output
    .split("\n")
    .filter((line) => !/Logs were written to|If you think this is a bug|^\[custom build\]\s*$/.test(line))
    .join("\n")
    .replace(/\n\s*Getting User settings[\s\S]*$/, "")
    .replace(/\n(?:\s*\n)+/g, "\n")
    .trim();
}
