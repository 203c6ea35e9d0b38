/** Asks the `authenticate` of an `Auth` who makes a request. */
import { z } from "zod";
import type { User } from "../calls/user";
import type { AuthHandlers } from "./handlers";
import { asRefusal } from "./refusal";

const described = z.looseObject({
  identity: z.string().min(1),
  permissions: z.array(z.string()).nullish(),
  display_name: z.string().nullish(),
  is_authenticated: z.boolean().nullish(),
});

/**
 * Who makes the request.
 * @param request the function may read it, its body too
 * @throws AuthRefusal as the function says; an Error when the function returns something unknown, and whatever else it throws
 */
export async function authenticate({ authenticate: ask }: AuthHandlers, request: Request): Promise<User> {
  if (ask === undefined) throw new Error("auth: the Auth has no authenticate; every request is refused");
  let answer: unknown;
  try {
    answer = await ask(request);
  } catch (error) {
    throw asRefusal(error);
  }
  const parsed = described.safeParse(typeof answer === "string" ? { identity: answer } : answer);
  if (!parsed.success) {
    throw new Error(
      `auth: authenticate returned something unknown; expected a text, or an object with an "identity" and, as a list of texts, ` +
        `"permissions": ${parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ")}`,
    );
  }
  const { identity, permissions, display_name: name, is_authenticated: known } = parsed.data;
  return {
    ...parsed.data,
    permissions: permissions ?? [],
    display_name: name ?? identity,
    is_authenticated: known ?? true,
  };
}
