// Checks options when an object is created from them, with one table of rules for each object.
// Otherwise a wrong option would be found late, or never. The messages name the option, the given
// value and what would be right.

/**
 * Returns what is wrong with an option, to complete the sentence "NAME …"; undefined when it is
 * right.
 */
export type Rule = (
  value: unknown,
  options: Readonly<Record<string, unknown>>,
) => string | undefined

/** A rule for each option. An option without a rule does not compile. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule }

/**
 * A rule from a condition. By default the message shows only the type of the value, because it may
 * be a secret.
 */
export function must(
  isRight: (value: unknown, options: Readonly<Record<string, unknown>>) => boolean,
  right: string,
  show: (value: unknown) => string | undefined = typeOf,
): Rule {
  return (value, options) =>
    isRight(value, options) ? undefined : `must be ${right}, and is ${show(value)}`
}

/** The same rule for an option that may be omitted. */
export function optional(rule: Rule): Rule {
  return (value, options) => (value === undefined ? value : rule(value, options))
}

/** The rule for a function. */
export function aFunction(right = 'a function'): Rule {
  return must((value) => typeof value === 'function', right)
}

/** The rule for true or false. */
export function aBoolean(): Rule {
  return must((value) => typeof value === 'boolean', 'true or false')
}

/**
 * Checks the options and returns a copy with the checked values. The caller must use the copy. It
 * includes inherited options and those of getters. Refuses options that cannot work, unknown
 * options, and anything that is not an object.
 *
 * @throws TypeError
 */
export function checkOptions<Options extends object>(
  maker: string,
  rules: Rules<Options>,
  given: Options,
): Options {
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${maker} takes an object of options, and got ${typeOf(given)}.`)
  }
  const names = Object.keys(rules)
  for (const name in given) {
    if (names.includes(name)) continue
    throw new TypeError(`${maker} has no option ${name}; it has ${names.join(', ')}.`)
  }
  const options = Object.fromEntries(names.map((name) => [name, given[name as keyof Options]]))
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const problem = rule(options[name], options)
    if (problem) throw new TypeError(`${name} ${problem}.`)
  }
  return options as Options
}

/**
 * Refuses a second argument. Until 0.5 it was the clock.
 *
 * @throws TypeError
 */
export function refuseSecond(maker: string, [second]: readonly unknown[]): void {
  if (second === undefined) return
  throw new TypeError(`${maker} takes no second argument: runtime is an option.`)
}

/**
 * Shows numbers, booleans, null and undefined as they are. Shows only the type of other values,
 * because they may be secrets.
 */
function typeOf(value: unknown): string {
  const isPlain = value === null || /^[unb]/.test(typeof value)
  return isPlain ? String(value) : value === '' ? 'empty' : `of type ${typeof value}`
}
