/** Who makes a run: what the graphs find of them in `config.configurable`, and what a cron keeps of its owner. */
import type { JsonObject } from "../platform/json";

/** A caller, as `authenticate` of the project's `Auth` described them. It may have more fields. */
export interface User extends JsonObject {
  identity: string;
  permissions: string[];
  display_name: string;
  is_authenticated: boolean;
}

/** The keys of `configurable` that only the server sets. */
const USER_KEYS_BEGIN_WITH = "langgraph_auth_";

/** The values without those that only the server may set. What a client sends goes through here. */
export const withoutUserKeys = (values: JsonObject): JsonObject =>
  Object.fromEntries(Object.entries(values).filter(([key]) => !key.startsWith(USER_KEYS_BEGIN_WITH)));

/** What graphs find in `config.configurable` of the user. Nothing when there is none. */
export const userKeys = (user: User | null): JsonObject =>
  user === null
    ? {}
    : {
        langgraph_auth_user: user,
        langgraph_auth_user_id: user.identity,
        langgraph_auth_permissions: user.permissions,
      };

/** What a cron keeps of its owner. Other fields are left out: they may hold a token, which a cron must not keep. */
export const ownerOf = ({ identity, permissions, display_name }: User): User => ({
  identity,
  permissions,
  display_name,
  is_authenticated: true,
});

/** The user as it is stored with a run: as plain JSON, because `authenticate` may return an object with functions. */
export const storableUser = (user: User | null): User | null =>
  user === null ? null : (JSON.parse(JSON.stringify(user)) as User);
