/** What says which server the commands call, and with which key: variables of the shell and of the project, and its langgraph.json. */
import { GraphConfigError, readConfig } from "../build/graphs-config.js";
import { projectVariables, type Variables } from "../build/project-variables.js";
import { administratorKey } from "../deploy/secrets.js";

export interface ServerVariables {
  readonly EDGECRON_URL?: string | undefined;
  readonly EDGECRON_API_KEY?: string | undefined;
  /** A key that the project gives its own local server. No other server is called with it. */
  readonly localKey?: string | undefined;
  /** The path at which the project's own server has its routes, such as `/api`; empty when there is none. */
  readonly mountPrefix: string;
}

/**
 * @param configPath absolute path of langgraph.json; where there is none, or it cannot be read, the shell's variables are all there are
 * @param shell comes before `.env`
 */
export async function serverVariables(
  configPath: string,
  shell: NodeJS.ProcessEnv,
): Promise<ServerVariables> {
  const { variables: ofProject, mountPrefix } = await readProject(configPath);
  const valueOf = (name: string): string | undefined => nonEmpty(shell[name]) ?? nonEmpty(ofProject[name]);
  return {
    EDGECRON_URL: valueOf("EDGECRON_URL"),
    EDGECRON_API_KEY: valueOf("EDGECRON_API_KEY"),
    localKey: administratorKey(ofProject["API_KEYS"]),
    mountPrefix,
  };
}

async function readProject(configPath: string): Promise<{ variables: Variables; mountPrefix: string }> {
  try {
    const { env, mountPrefix } = await readConfig(configPath);
    return { variables: projectVariables(configPath, env), mountPrefix };
  } catch (error) {
    if (error instanceof GraphConfigError) return { variables: {}, mountPrefix: "" };
    throw error;
  }
}

const nonEmpty = (text: string | undefined): string | undefined => (text === "" ? undefined : text);
