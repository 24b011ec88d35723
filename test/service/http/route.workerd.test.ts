import { describe, expect, it } from 'vitest'
import { refuse } from '../../../src/errors/reasons.ts'
import { defineRoute } from '../../../src/service/http/route.ts'

const parts = {
  name: 'test',
  method: 'GET',
  path: '/things/:id',
  credential: 'none',
  limits: 'none',
  audit: [],
  asksDatabase: false,
  success: 200,
} as const

describe('a route', () => {
  it('compiles only with reasons of its list, its credential or its limits', () => {
    const known = defineRoute({
      ...parts,
      refusals: ['not_found'],
      handle: async () => refuse('not_found'),
    })
    expect(known.refusals).toEqual(['not_found'])
    defineRoute({
      ...parts,
      refusals: [],
      // @ts-expect-error the list does not have it
      handle: async () => refuse('session_unknown'),
    })
    defineRoute({
      ...parts,
      refusals: [],
      // @ts-expect-error the route has no limits
      handle: async () => refuse('login_queue_full'),
    })
  })

  it('has the parameters of its path, and no others', () => {
    const route = defineRoute({
      ...parts,
      refusals: ['not_found'],
      async handle(_deps, { params }) {
        // @ts-expect-error the path has no such parameter
        return params.id === params.other ? refuse('not_found') : refuse('not_found')
      },
    })
    expect(route.path).toBe('/things/:id')
  })
})
