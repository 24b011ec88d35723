import { describe, expect, it } from 'vitest'
import { issuerPath, parseIssuer } from '../../src/token/issuer.ts'

const sentenceOf = (text: string) => {
  const parsed = parseIssuer(text)
  return parsed.ok ? undefined : `ISSUER ${parsed.error}.`
}

describe('an issuer', () => {
  it.each([
    'https://auth.example.com',
    'https://auth.example.com/auth',
    'https://auth.example.com/v1.0/~team_a/auth-2/A',
    'https://auth.example.com:8443',
    'https://xn--bcher-kva.example',
    'https://my_host.example',
    'https://a--b.example',
    'http://127.0.0.1:8787',
    'http://localhost:8787/id',
    'http://[::1]:8787',
  ])('may be %s', (text) => {
    expect(parseIssuer(text)).toEqual({ ok: true, value: text })
  })

  it.each([
    ['https://auth.example.com/', 'https://auth.example.com'],
    ['https://auth.example.com/auth/', 'https://auth.example.com/auth'],
    ['https://auth.example.com//auth', 'https://auth.example.com/auth'],
    ['https://auth.example.com/./x/../auth', 'https://auth.example.com/auth'],
    ['https://Auth.Example.com', 'https://auth.example.com'],
    ['HTTPS://auth.example.com', 'https://auth.example.com'],
    ['https://auth.example.com:443', 'https://auth.example.com'],
    ['http://127.0.0.1:80/auth', 'http://127.0.0.1/auth'],
    ['http://127.1:8787', 'http://127.0.0.1:8787'],
    ['https://bücher.example/auth', 'https://xn--bcher-kva.example/auth'],
    ['https:auth.example.com', 'https://auth.example.com'],
    [' https://auth.example.com', 'https://auth.example.com'],
  ])('must not be %j, and the error names a valid form', (text, form) => {
    expect(sentenceOf(text)).toBe(`ISSUER must be written as ${form}, and is ${text}.`)
    expect(parseIssuer(form).ok).toBe(true)
  })

  it.each([
    'https://user:hunter2@auth.example.com',
    'https://auth.example.com?key=hunter2',
    'https://auth.example.com#hunter2',
  ])('keeps possible secrets of %j out of the error', (text) => {
    expect(sentenceOf(text)).toBe('ISSUER must be written as https://auth.example.com.')
  })

  it.each([
    'https://auth.example.com/straße',
    'https://auth.example.com/a%20b',
    'https://auth.example.com/%61uth',
    'https://auth.example.com/{id}',
    'https://auth.example.com/:id',
    'https://auth.example.com/*',
    'https://auth.example.com/a+b',
    'https://*.example.com',
    'https://a..example.com',
    'https://-a.example',
    'https://a-.example',
    'https://auth.example.com.',
    'https://auth.example.com:0',
    `https://auth.example.com/${'a'.repeat(256)}`,
    'ftp://auth.example.com',
    'file:///auth',
    'blob:https://auth.example.com',
    'auth.example.com',
    'any',
    '',
  ])('must not be %j, because routers and guards may read it differently', (text) => {
    expect(sentenceOf(text)).toMatch(
      /^ISSUER must be a URL such as https:\/\/auth\.example\.com\/auth, with/,
    )
  })

  it('has a path, or none', () => {
    expect(issuerPath('https://auth.example.com')).toBe('')
    expect(issuerPath('https://example.com/auth/v1')).toBe('/auth/v1')
  })
})
