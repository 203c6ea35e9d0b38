/**
 * Decides which URLs the server may call on behalf of a client. It looks at the URL only. A public name may resolve to a private
 * address, but Cloudflare's network has no route to private addresses.
 */

/** A name without a dot. Only a private network knows such names. */
const SINGLE_LABEL = /^[^.]*$/;

/**
 * Last labels that no public name has. RFC 2606, 6761, 6762, 7686, 8375 and 9476 or ICANN (`internal`) reserve them, or private
 * networks use them widely: those of Kubernetes, Consul, Docker, routers and companies.
 */
const INTERNAL_ENDS =
  /\.(?:localhost|localdomain|local|internal|intranet|private|test|invalid|arpa|onion|alt|lan|home|corp|router|localnet|workgroup|svc|cluster|pod|consul|nomad|docker)$/;

/**
 * IPv4 addresses that are not public: "this" network, private, loopback, link-local, carrier-grade NAT, benchmarking, multicast
 * and reserved ones. The URL parser writes every other form of an address (decimal, octal, hexadecimal, short) in this form.
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

/** A whole IPv4 address. In a name such as `127.0.0.1.nip.io` the digits are no address. */
const IPV4 = /^\d+(?:\.\d+){3}$/;

/** Global unicast addresses. Loopback, private, link-local, multicast and IPv4-mapped addresses are not among them. */
const GLOBAL_IPV6 = /^[23][0-9a-f]{3}:/;

/** Global addresses that are not allowed: Teredo and 6to4 contain an IPv4 address, and 2001:db8 is for documentation. */
const SPECIAL_IPV6 = /^(?:2001:(?:0:|:)|2002:|2001:db8:)/;

/** Whether `text` is an absolute http(s) URL, without a password, whose host does not name this machine or a private network. */
export function isPublicUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "https:" && protocol !== "http:") return false;
  // The specification of `fetch` makes it refuse URLs with a password.
  if (username !== "" || password !== "") return false;
  if (hostname.startsWith("[")) {
    const address = hostname.slice(1, -1);
    return GLOBAL_IPV6.test(address) && !SPECIAL_IPV6.test(address);
  }
  const name = hostname.replace(/\.+$/, "").toLowerCase();
  if (IPV4.test(name)) return !INTERNAL_IPV4.test(name);
  return !SINGLE_LABEL.test(name) && !INTERNAL_ENDS.test(name);
}
