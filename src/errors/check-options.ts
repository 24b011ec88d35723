// Options are checked when something is made of them, by one table each: a wrong one would be found
// late otherwise, or never. Sentences name the option, what came and what would be right.

/** What is wrong with an option, to complete the sentence "NAME …"; undefined where nothing is. */
export type Rule = (
  value: unknown,
  options: Readonly<Record<string, unknown>>,
) => string | undefined

/** A rule for each option, so that one without does not compile. */
export type Rules<Options> = { readonly [Name in keyof Required<Options>]: Rule }

/** The rule of a condition. What came is shown by its type; as it is only where it is no secret. */
export function must(
  isRight: (value: unknown, options: Readonly<Record<string, unknown>>) => boolean,
  right: string,
  show: (value: unknown) => string | undefined = typeOf,
): Rule {
  return (value, options) =>
    isRight(value, options) ? undefined : `must be ${right}, and is ${show(value)}`
}

/** The same rule, where the option may be left out. */
export function optional(rule: Rule): Rule {
  return (value, options) => (value === undefined ? value : rule(value, options))
}

/** The rule of a function. */
export function aFunction(right = 'a function'): Rule {
  return must((value) => typeof value === 'function', right)
}

/**
 * A copy of the options, for the caller to use instead of them: what was checked, inherited ones
 * and those of getters too. Refuses options that cannot work, that nobody knows, or that are not in
 * one object.
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
  for (const name in given) {
    if (Object.hasOwn(rules, name)) continue
    const known = Object.keys(rules).join(', ')
    throw new TypeError(`${maker} has no option ${name}; it has ${known}.`)
  }
  const names = Object.keys(rules)
  const options = Object.fromEntries(names.map((name) => [name, given[name as keyof Options]]))
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const problem = rule(options[name], options)
    if (problem) throw new TypeError(`${name} ${problem}.`)
  }
  return options as Options
}

/**
 * Refuses a second argument. It was the clock, until 0.5.
 *
 * @throws TypeError
 */
export function refuseSecond(maker: string, [second]: readonly unknown[]): void {
  if (second === undefined) return
  throw new TypeError(`${maker} takes no second argument: runtime is an option.`)
}

/** Numbers as they are; of everything else its type, for it may be a secret. */
function typeOf(value: unknown): string {
  const isPlain = value === null || /^[unb]/.test(typeof value)
  return isPlain ? String(value) : value === '' ? 'empty' : `of type ${typeof value}`
}
