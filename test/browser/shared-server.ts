/** The server that nobody needs a key for. The tests of all files use it at the same time, so each looks only at what it has made itself. */
import { inject } from "vitest";
import { Api } from "./api";

export const server = new Api(inject("serverUrl"));
