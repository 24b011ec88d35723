/**
 * What stands in a variable, without the spaces and line ends around it: a secret that was piped
 * has one. Numbers and booleans are what people write into `[vars]`. Undefined where nothing is set.
 */
export function variableText(value: unknown): string | undefined {
  const isText = ['string', 'number', 'boolean'].includes(typeof value)
  return isText ? String(value).trim() || undefined : undefined
}
