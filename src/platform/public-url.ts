/**
 * Which URLs the server may call on behalf of a client. Only the URL is judged: that a public name resolves to a private
 * address is for the platform to refuse, whose network has no way to one.
 */

/** Reserved names, and names without a dot, which only a private network knows. */
const INTERNAL_NAMES = /^[^.]*$|\.(?:localhost|local|internal|intranet|lan|home|corp|home\.arpa)$/;

/**
 * "This" network, private, loopback, link-local, carrier-grade NAT, benchmarking, multicast and what is beyond. URL parsing
 * has made any other spelling (decimal, octal, hexadecimal, short) this one.
 */
const INTERNAL_IPV4 = new RegExp(
  [
    /^(?:0|10|127|22[4-9]|2[34]\d|25[0-5])\./,
    /^(?:169\.254|192\.168|192\.0\.0|198\.1[89])\./,
    /^172\.(?:1[6-9]|2\d|3[01])\./,
    /^100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\./,
  ]
    .map(({ source }) => source)
    .join("|"),
);

/** Global unicast, which leaves out loopback, private, link-local and multicast, and IPv4 in disguise as such. */
const GLOBAL_IPV6 = /^[23][0-9a-f]{3}:/;

/** Of these the first two carry an IPv4 address (Teredo, 6to4), and the third is for documentation. */
const SPECIAL_IPV6 = /^(?:2001:(?:0:|:)|2002:|2001:db8:)/;

/** Whether `text` is an absolute http(s) URL, without a password, whose host does not name this machine or a private network. */
export function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return false;
  // By its specification `fetch` refuses them.
  if (username !== "" || password !== "") return false;
  if (hostname.startsWith("[")) {
    const address = hostname.slice(1, -1);
    return GLOBAL_IPV6.test(address) && !SPECIAL_IPV6.test(address);
  }
  const name = hostname.replace(/\.$/, "").toLowerCase();
  return !INTERNAL_NAMES.test(name) && !INTERNAL_IPV4.test(name);
}
