/** Processes that compete with a server for the processor and for the disk. */
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

const BUSY = "for (;;);";
/** Writes two files in turn, 4 MB each time, and waits until the disk has them. */
const WRITING = `
  const { openSync, writeSync, fsyncSync } = require("node:fs");
  const files = ["a", "b"].map((name) => openSync(process.argv[1] + "/" + name, "w"));
  const bytes = Buffer.alloc(4_000_000, 1);
  for (let turn = 0; ; turn++) {
    const file = files[turn % 2];
    writeSync(file, bytes, 0, bytes.length, 0);
    fsyncSync(file);
  }`;

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * Starts so many processes that compute without end, and one that writes to the disk.
 * @param folder where it writes
 * @returns what ends them
 */
export function startLoad(busy, folder) {
  const written = join(folder, "written");
  mkdirSync(written, { recursive: true });
  const children = [...Array.from({ length: busy }, () => startNode(BUSY)), startNode(WRITING, written)];
  return () => {
    for (const child of children) child.kill("SIGKILL");
    rmSync(written, { recursive: true, force: true, maxRetries: 5 });
  };
}

function startNode(program, ...args) {
  const child = spawn(process.execPath, ["-e", program, ...args], { stdio: "ignore" });
  running.add(child);
  child.on("close", () => running.delete(child));
  return child;
}
