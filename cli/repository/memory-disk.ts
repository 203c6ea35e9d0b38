/** Where a server's many small files cost least. */
import { accessSync, constants } from "node:fs";

/** The folder of a memory disk, where there is one that may be written. */
export function memoryDisk(): string | undefined {
  try {
    accessSync("/dev/shm", constants.W_OK);
    return "/dev/shm";
  } catch {
    return undefined;
  }
}
