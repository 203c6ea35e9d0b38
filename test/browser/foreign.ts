/** What runs, models and callers may put into any field: markup, and text that would break a page that trusts it. */

/** Markup that would set `window.hacked` if any of it became part of the page. */
export const MARKUP =
  '<img src=x onerror="window.hacked = 1"><script>window.hacked = 1</script></code></pre>{{7*7}}[x](javascript:alert(1))';
/** One word that is wider than any screen. */
export const LONG_WORD = "Donaudampfschiff".repeat(40);
/** Right to left, with a character that turns around what follows it, and characters that show nothing. */
export const ODD_CHARACTERS = "שלום \u202Eesrever\u202C \u0007\u001B[31m\u0000 \u200B\u2066 end";

export const FOREIGN = `${MARKUP} ${LONG_WORD} ${ODD_CHARACTERS}`;

/** JSON as deep as the server takes it. */
export function deep(levels: number): unknown {
  let value: unknown = FOREIGN;
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { [MARKUP]: value };
  return value;
}
