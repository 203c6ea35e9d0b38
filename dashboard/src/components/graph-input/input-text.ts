/** The input of a graph as the JSON text that is typed: nothing, an object or a list. */
import { fieldFault, simpleFields } from "./input-fields";

/** @param input undefined when there is none */
export const writtenInput = (input: unknown): string =>
  input === undefined || input === null ? "" : JSON.stringify(input, null, 2);

/** The input; undefined when the text is empty or is no input. */
export function parseInput(text: string): object | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** What is wrong with the text; null when nothing is. A field that the schema has must be of its type. */
export function inputFault(text: string, schema: unknown): string | null {
  if (text.trim() === "") return null;
  const fault = jsonFault(text);
  if (fault !== null) return fault;
  const value = parseInput(text);
  if (value === undefined) return "Expected an object or a list";
  if (Array.isArray(value)) return null;
  const given = value as Readonly<Record<string, unknown>>;
  const faults = simpleFields(schema).map((field) => fieldFault(field, given[field.name]));
  return faults.find((found) => found !== null) ?? null;
}

/** Why a text is no JSON; null when it is. */
export function jsonFault(text: string): string | null {
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    return `Not JSON: ${(error as Error).message}`;
  }
}
