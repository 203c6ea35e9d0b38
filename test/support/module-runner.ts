/**
 * Two things that Vitest does for each test file, and for each request, take much of the time of all tests. Here it is kept from them. Both
 * are in what Vitest calls its module runner, by names that no documentation has: after an update of Vitest this fails when they are others.
 */

import { CallbackManager } from "@langchain/core/callbacks/manager";
import { AsyncLocalStorageProviderSingleton } from "@langchain/core/singletons";

interface LoadedModule {
  readonly id: string;
  readonly meta?: object;
  promise?: Promise<unknown>;
  exports?: unknown;
  evaluated: boolean;
}

interface ModuleRunner {
  readonly evaluatedModules: {
    readonly idToModuleMap: Map<string, LoadedModule>;
    getModuleByUrl: (url: string) => LoadedModule | undefined;
  };
  cachedModule: (url: string, importer?: string) => Promise<LoadedModule>;
  /** Set here, because the runner stays when this module is evaluated anew. */
  knowsLoaded?: true;
}

const { moduleRunner: runner } = (
  globalThis as unknown as { __vitest_mocker__: { moduleRunner: ModuleRunner } }
).__vitest_mocker__;

/**
 * Each import of a module, and each call of a Worker or object, asks another object whether the module is still the same. While the tests
 * run it is.
 */
export function trustLoadedModules(): void {
  if (runner.knowsLoaded) return;
  runner.knowsLoaded = true;
  const load = runner.cachedModule.bind(runner);
  runner.cachedModule = (url, importer) => {
    const loaded = runner.evaluatedModules.getModuleByUrl(url);
    return loaded?.meta === undefined ? load(url, importer) : Promise.resolve(loaded);
  };
}

/** What the server changes of packages, by setting other methods, when it is loaded. */
const CHANGED: object[] = [CallbackManager.prototype, AsyncLocalStorageProviderSingleton];

type Descriptors = ReturnType<typeof Object.getOwnPropertyDescriptors>;

/** As they were before the first test file of this workerd. This module is evaluated anew, and that stays. */
const unchanged = ((globalThis as { unchangedPackages?: Descriptors[] }).unchangedPackages ??= CHANGED.map(
  (target) => Object.getOwnPropertyDescriptors(target),
));

/**
 * Has `reset` drop the modules, but not those of packages, which are large. What the server has changed of them is as it was, because the
 * server is about to change it again.
 */
export function keepPackages(reset: () => void): void {
  const kept = [...runner.evaluatedModules.idToModuleMap.values()]
    .filter(({ id, evaluated }) => evaluated && id.includes("/deps_ssr/"))
    .map((module) => ({
      module,
      state: { promise: module.promise, exports: module.exports, evaluated: true },
    }));
  reset();
  for (const { module, state } of kept) Object.assign(module, state);
  CHANGED.forEach((target, index) => {
    const before = unchanged[index] ?? {};
    for (const name of Reflect.ownKeys(target)) if (!(name in before)) Reflect.deleteProperty(target, name);
    Object.defineProperties(target, before);
  });
}
