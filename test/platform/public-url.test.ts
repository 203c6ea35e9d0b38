/** Which webhooks may be asked for: none that would have the server call itself or its neighbours. */
import { expect, it, vi } from "vitest";
import { isPublicUrl } from "../../src/platform/public-url";
import { callWebhook, FinalFailure } from "../../src/platform/webhook-call";
import type { Run } from "../../src/wire/runs/run";
import { call } from "../support/edge";
import { createThread } from "../support/threads";

const REFUSED = [
  "http://localhost/",
  "https://LOCALHOST:8787/x",
  "http://localhost./",
  "http://app.localhost/",
  "http://printer.local/",
  "http://metadata.google.internal/",
  "http://router/",
  "http://nas.lan/",
  "http://localhost.localdomain/",
  "http://api.default.svc/",
  "http://api.default.svc.cluster.local/",
  "http://web.service.consul/",
  "http://db.docker/",
  "http://hidden.onion/",
  "http://a.test/",
  "http://a.invalid/",
  "http://1.0.0.127.in-addr.arpa/",
  "http://router.home.arpa/",
  "http://localhost../",
  "http://api.default.svc../",
  "http://127.0.0.1../",
  "http://127.0.0.1/",
  "http://127.1/",
  "http://2130706433/",
  "http://0x7f000001/",
  "http://0177.0.0.1/",
  "http://127.0.0.1./",
  "http://0.0.0.0/",
  "http://10.1.2.3/",
  "http://172.16.0.1/",
  "http://172.31.255.255/",
  "http://192.168.1.1/",
  "http://169.254.169.254/latest/meta-data",
  "http://100.64.0.1/",
  "http://192.0.0.8/",
  "http://198.18.0.1/",
  "http://224.0.0.1/",
  "http://255.255.255.255/",
  "http://１２７.0.0.1/",
  "http://[::1]/",
  "http://[::]/",
  "http://[0:0:0:0:0:0:0:1]/",
  "http://[::ffff:127.0.0.1]/",
  "http://[::127.0.0.1]/",
  "http://[64:ff9b::7f00:1]/",
  "http://[fe80::1]/",
  "http://[fec0::1]/",
  "http://[fd00::1]/",
  "http://[ff02::1]/",
  "http://[2002:7f00:1::]/",
  "http://[2001::1]/",
  "http://user:secret@example.com/",
  "ftp://example.com/",
  "javascript:alert(1)",
  "/ok",
  "//example.com/",
  "example.com/hook",
  "https://",
  "",
];

const ALLOWED = [
  "https://example.com/hook?a=1#b",
  "http://example.com:8080/",
  "https://localhost.example.com/",
  "https://127.0.0.1.nip.io/",
  "https://10.example.com/",
  "https://svc.example.com/",
  "https://bücher.example/",
  "https://8.8.8.8/",
  "https://172.32.0.1/",
  "https://100.63.0.1/",
  "https://[2606:4700:4700::1111]/",
  "https://[2001:4860:4860::8888]/",
];

it.each(REFUSED)("%s is refused, for runs and for crons", async (webhook) => {
  const { thread_id: id } = await createThread();
  const fields = { assistant_id: "echo", webhook };
  const bodies: [path: string, body: object][] = [
    ["/runs", fields],
    ["/runs/wait", fields],
    ["/runs/stream", fields],
    [`/threads/${id}/runs`, fields],
    [`/threads/${id}/runs/wait`, fields],
    ["/runs/crons", { ...fields, schedule: "0 8 * * *" }],
    [`/threads/${id}/runs/crons`, { ...fields, schedule: "0 8 * * *" }],
  ];
  for (const [path, body] of bodies) {
    const answer = await call("POST", path, body);
    expect([path, answer.status]).toEqual([path, 422]);
    expect(answer.body.detail).toMatch(/^webhook: /);
  }
  expect((await call<Run[]>("GET", `/threads/${id}/runs`)).body).toEqual([]);
});

it.each(ALLOWED)("%s is allowed", (url) => {
  expect(isPublicUrl(url)).toBe(true);
});

it("a URL that has come past all that is not called", async () => {
  const fetched = vi.spyOn(globalThis, "fetch");
  const calling = callWebhook({
    url: "http://127.0.0.1/",
    id: "msg_1",
    headers: {},
    body: "{}",
    secrets: [],
  });
  await expect(calling).rejects.toThrow(FinalFailure);
  expect(fetched).not.toHaveBeenCalled();
  fetched.mockRestore();
});
