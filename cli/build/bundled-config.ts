/** The configuration with which wrangler uploads a bundle that is there already. */

type Config = Readonly<Record<string, unknown>>;

/** What is about the bundling, which is done. */
const OF_BUNDLING = ["alias", "build", "define", "minify", "tsconfig"];

/**
 * @param config that of the bundling
 * @param folder where wrangler wrote the bundle to (`--outdir`), relative to the folder of the new configuration
 */
export function bundledConfig(config: Config, folder: string): Record<string, unknown> {
  return { ...withoutBundling(config), main: `${folder}/index.js`, no_bundle: true, base_dir: folder };
}

/** A configuration, or the section of an environment, without what is about the bundling. */
export const withoutBundling = (config: Config): Record<string, unknown> =>
  Object.fromEntries(Object.entries(config).filter(([key]) => !OF_BUNDLING.includes(key)));
