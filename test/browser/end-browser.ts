/** Leaves the browser after each file, so that a file alone ends too. */
import { afterAll } from "vitest";
import { closeBrowser } from "./browser";

afterAll(closeBrowser);
