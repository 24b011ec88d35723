import { describe, expect, it } from 'vitest'
import { isLoopbackHost } from '../../src/token/loopback.ts'

const isLoopbackUrl = (url: string) => isLoopbackHost(new URL(url).hostname)

describe('isLoopbackHost', () => {
  it.each([
    'http://localhost:8787',
    'http://LOCALHOST',
    'http://localhost.:8787',
    'http://auth.localhost',
    'http://127.0.0.1:8787',
    'http://127.1',
    'http://0x7f000001',
    'http://127.255.0.3',
    'http://[::1]:8787',
    'http://[0:0:0:0:0:0:0:1]',
  ])('recognises %s as this machine', (url) => {
    expect(isLoopbackUrl(url)).toBe(true)
  })

  it.each([
    'http://localhost.example.com',
    'http://notlocalhost',
    'http://localhost@example.com',
    'http://127.0.0.1.example.com',
    'http://example.com/127.0.0.1',
    'http://128.0.0.1',
    'http://10.0.0.1',
    'http://0.0.0.0',
    'http://[::2]',
    'http://[::ffff:127.0.0.1]',
  ])('recognises %s as another machine', (url) => {
    expect(isLoopbackUrl(url)).toBe(false)
  })
})
