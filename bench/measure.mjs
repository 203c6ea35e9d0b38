/**
 * Measures a line on two servers in rounds: a slice on one, a slice on the other, and in the next round the other way
 * about. What else the machine does then hits both.
 */

/** A line that makes a fixed number of requests takes long: in many rounds, what else the machine does hits both alike. */
const ROUNDS_OF_TOTAL = 10;

/**
 * @param {import("./lines.mjs").Line} line
 * @param {object[]} servers
 * @param {{ rounds: number, sliceMs: number, samples: number }} effort
 * @returns the value of each round, for each server
 */
export async function measure(line, servers, { rounds, sliceMs, samples }) {
  const results = servers.map(() => []);
  const prepared = await Promise.all(servers.map((server) => line.prepare?.(server)));
  const counts = servers.map(() => 0);
  // The first request of its kind is slower, and tells nothing.
  if (line.total === undefined) {
    for (const [index, server] of servers.entries()) await line.request(server, 0, prepared[index], 0);
  }
  const turns = line.total === undefined ? rounds : ROUNDS_OF_TOTAL;
  for (let round = 0; round < turns; round += 1) {
    const order = [...servers.keys()];
    if (round % 2 === 1) order.reverse();
    if (line.unit === "ms") {
      const times = servers.map(() => []);
      for (let sample = 0; sample < samples; sample += 1) {
        for (const index of order) times[index].push(await line.request(servers[index]));
      }
      for (const index of order) results[index].push(median(times[index]));
      continue;
    }
    for (const index of order) {
      const request = (client) => line.request(servers[index], client, prepared[index], counts[index]++);
      const until =
        line.total === undefined
          ? { ms: sliceMs }
          : { ms: Infinity, count: Math.ceil((line.total * (round + 1)) / turns) - counts[index] };
      results[index].push(await rate(request, line.inFlight, until));
    }
  }
  return results;
}

/** Requests per second, with so many clients that each send their next request when the last is answered. */
async function rate(request, inFlight, { ms, count = Infinity }) {
  const begun = performance.now();
  let sent = 0;
  const client = async (_, index) => {
    while (sent < count && performance.now() - begun < ms) {
      sent += 1;
      await request(index);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, client));
  return sent / ((performance.now() - begun) / 1000);
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
