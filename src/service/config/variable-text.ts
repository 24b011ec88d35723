/**
 * The text of a variable, without the spaces and line ends around it. A secret that was piped ends
 * with a line end. Numbers and booleans count, because people write them into `[vars]`. Undefined
 * if nothing is set.
 */
export function variableText(value: unknown): string | undefined {
  const isText = ['string', 'number', 'boolean'].includes(typeof value)
  return isText ? String(value).trim() || undefined : undefined
}
