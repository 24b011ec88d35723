// What a setting is, and the forms that several of them have.

import { type Result, refuse, succeed } from '../../errors/reasons.ts'

/**
 * One setting. The refusal of `parse` completes the sentence "NAME …" and never quotes the value.
 */
export interface Setting<T> {
  /** In words. `fallback` is the value. */
  readonly default: string
  readonly bounds: string
  readonly isRequired?: true
  readonly fallback?: T
  parse(text: string): Result<T, string> | Promise<Result<T, string>>
}

/**
 * With a comma after each thousand. `toLocaleString` would load tables of all languages, which
 * takes a third of the Worker's start.
 */
const format = (value: number) => String(value).replace(/\B(?=(\d{3})+$)/g, ',')

/** A setting that is a whole number within bounds. */
export function wholeNumber(fallback: number, least: number, most: number) {
  const bounds = `${format(least)} to ${format(most)}`
  return {
    default: format(fallback),
    fallback,
    bounds,
    parse(text: string): Result<number, string> {
      const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
      return value >= least && value <= most
        ? succeed(value)
        : refuse(`must be a whole number from ${bounds}`)
    },
  }
}

/** A setting that is one of some words. */
export function oneOf<W extends string>(fallback: W, ...others: readonly [W, ...W[]]) {
  const words = [fallback, ...others]
  return {
    default: `\`${fallback}\``,
    fallback,
    bounds: either(words.map((word) => `\`${word}\``)),
    parse(text: string): Result<W, string> {
      const word = words.find((known) => known === text)
      return word === undefined ? refuse(`must be ${either(words)}`) : succeed(word)
    },
  }
}

/** "a, b or c" */
function either(words: readonly string[]): string {
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
