/**
 * Which URLs the server may call on behalf of a client. Only the URL is judged: that a public name resolves to a private
 * address is for the platform to refuse, whose network has no way to one.
 */

/** Names without a dot, which only a private network knows. */
const SINGLE_LABEL = /^[^.]*$/;

/**
 * Last labels that no public name has: reserved by RFC 2606, 6761, 6762, 7686, 8375 and 9476 or by ICANN (`internal`), or in
 * wide use within networks: of Kubernetes, Consul, Docker, routers and companies.
 */
const INTERNAL_ENDS =
  /\.(?:localhost|localdomain|local|internal|intranet|private|test|invalid|arpa|onion|alt|lan|home|corp|router|localnet|workgroup|svc|cluster|pod|consul|nomad|docker)$/;

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

/** An address; in a name such as `127.0.0.1.nip.io` the digits mean nothing. */
const IPV4 = /^\d+(?:\.\d+){3}$/;

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
  const name = hostname.replace(/\.+$/, "").toLowerCase();
  if (IPV4.test(name)) return !INTERNAL_IPV4.test(name);
  return !SINGLE_LABEL.test(name) && !INTERNAL_ENDS.test(name);
}
