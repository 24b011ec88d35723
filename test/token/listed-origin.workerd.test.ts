import { describe, expect, it } from 'vitest'
import { isListedOrigin } from '../../src/token/listed-origin.ts'

const listed = [
  'https://*.example.com',
  'https://*.example.org:8443',
  'https://app.example.net',
  'capacitor://localhost',
]

describe('isListedOrigin', () => {
  it.each([
    'https://a.example.com',
    'https://xn--bcher-kva.example.com',
    'https://a_b.example.com',
    'https://a.example.org:8443',
    'https://app.example.net',
    'capacitor://localhost',
  ])('accepts %s', (origin) => {
    expect(isListedOrigin(origin, listed)).toBe(true)
  })

  it.each([
    'https://*.example.com',
    'https://example.com',
    'https://.example.com',
    'https://a.b.example.com',
    'http://a.example.com',
    'https://a.example.com:8443',
    'https://a.example.com.evil.example',
    'https://evilexample.com',
    'https://evil.example/.example.com',
    'https://evil.example#.example.com',
    'https://u@a.example.com',
    'https://a.example.org',
    'https://a.example.org:84430',
    'https://app.example.net.evil.example',
    'https://a.app.example.net',
    'capacitor://localhost.evil.example',
    'capacitor://local',
    'null',
    '',
  ])('refuses %j', (origin) => {
    expect(isListedOrigin(origin, listed)).toBe(false)
  })
})
