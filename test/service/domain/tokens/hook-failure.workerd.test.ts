import { expect, it } from 'vitest'
import { createTestService, freshEmail, post } from '../../../support/service.ts'

const password = 'a good password'
const local = () => freshEmail().split('@')[0]?.replace('user', 'User') ?? ''

it.each([
  ['as typed', (email: string) => email],
  ['in lower case', (email: string) => email.toLowerCase()],
  ['with its domain in ASCII', (email: string) => email.replace(/@.*/, '@xn--mnchen-3ya.example')],
  ['in a URL', (email: string) => `https://crm.example/users?email=${encodeURIComponent(email)}`],
  ['as a path', (email: string) => `https://crm.example/users/${encodeURI(email)}/plan`],
  ['as JSON', (email: string) => JSON.stringify({ email })],
  ['decomposed', (email: string) => email.normalize('NFD')],
])('an email in the error of a claims hook, %s, is not in the log', async (_, written) => {
  const name = local()
  const email = `${name}+plans@München.example`
  const claims = ({ email: given }: { email: string }) => {
    throw new RangeError(`No plan for ${written(given)} today`)
  }
  const { app, log } = await createTestService({}, { claims })
  expect((await post(app, '/auth/register', { email, password })).status).toBe(500)
  const text = log.join('\n')
  expect(text).toMatch(/The claims hook failed: RangeError: No plan for .*\(email\).* today/)
  expect(text).toContain('hook-failure')
  expect(text.toLowerCase()).not.toContain(name.toLowerCase())
})
