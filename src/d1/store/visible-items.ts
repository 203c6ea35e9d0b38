/**
 * Which items of the store a caller may see. A filter on the metadata of an item is one on the fields of its value, on `namespace`,
 * which is the list of its labels, and on `key`.
 */
import { asContained, passesFilter, type AccessFilter, type FilterTerm } from "../../calls/access-filter";
import { jsonContains, type Condition } from "../json-filter";

/** What the caller of an operation may see. */
export interface Visibility {
  /** Items that do not pass this filter are not found, and namespaces are not listed. */
  visible?: AccessFilter;
}

/** The conditions that labels are in a stored namespace, in which a period follows each label. */
function hasLabels({ eq, contains = [] }: FilterTerm): Condition[] {
  // A namespace is a list, and equals no single value.
  if (eq !== undefined) return [NOTHING];
  // No label has a period in it, and in a text with one the period would stand for the end of a label.
  if (contains.some((label) => typeof label !== "string" || label.includes("."))) return [NOTHING];
  return contains.map((label) => ({ sql: "instr('.' || namespace, ?) > 0", params: [`.${label}.`] }));
}

const NOTHING: Condition = { sql: "0", params: [] };

/** The conditions that a row of `store_items` passes the filter. */
export function visibleItemConditions(filter: AccessFilter | undefined): Condition[] {
  const { namespace, key, ...fields } = filter ?? {};
  const contained = asContained(fields);
  if (contained === undefined) return [NOTHING];
  const ofKey = key === undefined ? [] : [keyEquals(key)];
  const ofValue = Object.keys(contained).length === 0 ? [] : [jsonContains("value", contained)];
  return [...(namespace === undefined ? [] : hasLabels(namespace)), ...ofKey, ...ofValue];
}

const keyEquals = ({ eq, contains }: FilterTerm): Condition =>
  contains === undefined && typeof eq === "string" ? { sql: "key = ?", params: [eq] } : NOTHING;

/** The conditions that a namespace, which has no value and no key, passes the filter. */
export function visibleNamespaceConditions(filter: AccessFilter | undefined): Condition[] {
  const { namespace, ...others } = filter ?? {};
  if (Object.keys(others).length > 0) return [NOTHING];
  return namespace === undefined ? [] : hasLabels(namespace);
}

/** Whether an item of this namespace and key may pass the filter, whatever its value is. */
export function mayBeVisible(filter: AccessFilter | undefined, namespace: string[], key: string): boolean {
  const { namespace: ofNamespace, key: ofKey } = filter ?? {};
  const terms = { ...(ofNamespace && { namespace: ofNamespace }), ...(ofKey && { key: ofKey }) };
  return passesFilter({ namespace, key }, terms);
}

/** Whether the item passes the filter. */
export const isVisible = (
  filter: AccessFilter | undefined,
  { namespace, key, value }: { namespace: string[]; key: string; value: Record<string, unknown> },
): boolean => passesFilter({ ...value, namespace, key }, filter);
