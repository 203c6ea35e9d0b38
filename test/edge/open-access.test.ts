/** What a deployment says when it starts and anybody may use it. */
import { env } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { warnOfOpenAccess } from "../../src/edge/access";
import { owners, restoreAuthAfterEach, useAuth } from "../support/auth";

restoreAuthAfterEach();
afterEach(() => {
  vi.restoreAllMocks();
});

const OPEN = { ...env, AUTH: "open", EDGECRON_DEV: undefined } as const;

describe("the warning of open access", () => {
  it("is logged at the start of a deployment with AUTH=open", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    warnOfOpenAccess(OPEN);
    expect(warn.mock.calls).toEqual([[expect.stringContaining("AUTH is open")]]);
  });

  it("is not logged by a local server, with keys, or with an Auth", () => {
    const warn = vi.spyOn(console, "warn").mockReturnValue();
    warnOfOpenAccess({ ...OPEN, EDGECRON_DEV: "loopback" });
    warnOfOpenAccess({ ...OPEN, AUTH: "keys" });
    useAuth(owners());
    warnOfOpenAccess(OPEN);
    expect(warn).not.toHaveBeenCalled();
  });
});
