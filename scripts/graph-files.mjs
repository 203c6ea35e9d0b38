/**
 * Watches the files of graphs that wrangler does not watch: those outside of src/graphs. When one changes, `.edgecron/changed` is
 * written, which wrangler watches, and the graphs are built again.
 */
import { watch, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { root } from "./wrangler.mjs";

export class GraphFiles {
  /** By folder, its watcher and the names in it; a file that is not there yet, or is replaced, is seen by its folder. */
  #watched = new Map();

  /** @param {Record<string, string[]>} filesOf by graph id, absolute files; those of before are forgotten */
  watch(filesOf = {}) {
    const names = new Map();
    for (const file of Object.values(filesOf).flat()) {
      const path = relative(root, file).replaceAll("\\", "/");
      if (path.includes("node_modules/") || path.startsWith("src/graphs/")) continue;
      const dir = dirname(file);
      names.set(dir, (names.get(dir) ?? new Set()).add(basename(file)));
    }
    for (const [dir, { watcher }] of this.#watched) {
      if (names.has(dir)) continue;
      watcher.close();
      this.#watched.delete(dir);
    }
    for (const [dir, files] of names) {
      const known = this.#watched.get(dir);
      if (known !== undefined) known.files = files;
      else this.#watchFolder(dir, files);
    }
  }

  #watchFolder(dir, files) {
    const entry = { files };
    try {
      entry.watcher = watch(dir, { persistent: false }, (_event, name) => {
        if (entry.files.has(name)) writeFileSync(join(root, ".edgecron/changed"), `${join(dir, name)}\n`);
      });
    } catch {
      // The folder is not there: langgraph.json, which names it, is watched.
      return;
    }
    this.#watched.set(dir, entry);
  }

  close() {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }
}
