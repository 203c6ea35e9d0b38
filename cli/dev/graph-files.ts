/**
 * Watches the files of graphs. When one changes, `.edgecron/dev/changed` is written, which wrangler watches, and the graphs are built
 * again.
 */
import { type FSWatcher, watch, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

interface WatchedFolder {
  watcher: FSWatcher;
  files: ReadonlySet<string>;
}

export class GraphFiles {
  /** By folder, its watcher and the names in it; a file that is not there yet, or is replaced, is seen by its folder. */
  #watched = new Map<string, WatchedFolder>();
  readonly #changed: string;

  /** @param outDir the folder of what is generated for the server */
  constructor(outDir: string) {
    this.#changed = join(outDir, "changed");
  }

  /** @param filesOf by graph id, absolute files; those of before are forgotten */
  watch(filesOf: Readonly<Record<string, readonly string[]>> = {}): void {
    const names = new Map<string, Set<string>>();
    for (const file of Object.values(filesOf).flat()) {
      if (/[\\/]node_modules[\\/]/.test(file)) continue;
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

  #watchFolder(dir: string, files: ReadonlySet<string>): void {
    try {
      const watcher = watch(dir, { persistent: false }, (_event, name) => {
        const watched = this.#watched.get(dir)?.files;
        if (name !== null && watched?.has(name) === true) {
          writeFileSync(this.#changed, `${join(dir, name)}\n`);
        }
      });
      this.#watched.set(dir, { watcher, files });
    } catch {
      // The folder is not there: langgraph.json, which names it, is watched.
    }
  }

  close(): void {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }
}
