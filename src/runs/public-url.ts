/** Which URLs the server may call on behalf of a client. */

const INTERNAL_NAMES = /^localhost$|\.(?:localhost|local|internal)$/;

/** "This" network, private, loopback, link-local, and carrier-grade NAT. URL parsing has made any other spelling this one. */
const INTERNAL_IPV4 =
  /^(?:0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(?:1[6-9]|2\d|3[01])\.|^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./;

/** Unspecified, loopback, link-local, unique local, and IPv4 in disguise. */
const INTERNAL_IPV6 = /^(?:::1?$|fe[89ab]|f[cd]|::ffff:|64:ff9b:)/;

/** Whether `text` is an absolute http(s) URL whose host does not name this machine or a private network. */
export function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return false;
  if (hostname.startsWith("[")) return !INTERNAL_IPV6.test(hostname.slice(1, -1));
  const name = hostname.replace(/\.$/, "").toLowerCase();
  return name !== "" && !INTERNAL_NAMES.test(name) && !INTERNAL_IPV4.test(name);
}
