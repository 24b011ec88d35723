// The form of a JSON body. Every field has an error sentence of its own. A field without one does
// not compile.

import * as v from 'valibot'

/** A field whose sentence is for a wrong type, and for a missing value. */
type Field = v.GenericSchema & { readonly message: string }
type Fields = Readonly<Record<string, Field | v.OptionalSchema<Field, unknown>>>
type BodyOf<F extends Fields> = v.ObjectSchema<F, (issue: v.ObjectIssue) => string>

/** The form of a JSON body. */
export type BodySchema = v.GenericSchema<unknown, object> & Pick<BodyOf<Fields>, 'message'>

/** The schema of a body. A missing field gets the same sentence as a field of a wrong type. */
export function bodyOf<const F extends Fields>(fields: F): BodyOf<F> {
  return v.object(fields, ({ path }) => {
    const field = fields[String(path?.[0]?.key)]
    return field && 'message' in field ? field.message : ''
  })
}

/** Text in the form that the domain uses, or the rule that it breaks. */
export function parsedBy<T>(
  parse: (typed: string) => T | undefined,
  ruleBrokenBy: (typed: string) => string,
) {
  return v.rawTransform<string, T>(({ dataset, addIssue, NEVER }) => {
    const parsed = parse(dataset.value)
    if (parsed !== undefined) return parsed
    addIssue({ message: ruleBrokenBy(dataset.value) })
    return NEVER
  })
}
