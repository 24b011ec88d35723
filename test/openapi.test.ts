import { readFileSync } from 'node:fs'
import { validate } from '@readme/openapi-parser'
import { describe, expect, it } from 'vitest'
import { openApiDocument } from '../src/service/routes/openapi-document.ts'

const text = readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')

describe('openapi.json', () => {
  it('is a valid OpenAPI document', async () => {
    expect(await validate(JSON.parse(text))).toMatchObject({ valid: true, warnings: [] })
  })

  it('is the document that the service serves', () => {
    expect(JSON.parse(openApiDocument)).toEqual(JSON.parse(text))
  })

  it('has an answer for every refusal, and an example for every success', () => {
    const { paths } = JSON.parse(text)
    const operations = Object.values(paths).flatMap((item) => Object.values(item as object))
    const responses = operations.flatMap(({ responses = {} }) => Object.entries(responses))
    const successes = responses.filter(([status]) => Number(status) < 202)
    expect(successes.length).toBeGreaterThan(15)
    for (const [, { content = {} }] of successes as [string, { content?: object }][]) {
      for (const { example } of Object.values(content)) expect(example).toBeDefined()
    }
  })
})
