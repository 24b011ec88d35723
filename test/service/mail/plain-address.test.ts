import { describe, expect, it } from 'vitest'
import { isPlainAddress } from '../../../src/service/mail/plain-address.ts'

describe('a plain address', () => {
  it.each([
    'ada@example.com',
    "o'brien+tag@mail.example.com",
    'ödön@bücher.example',
    'ada@localhost',
    '用户@例子.中国',
  ])('is %s', (text) => expect(isPlainAddress(text)).toBe(true))

  it.each([
    ['', 'ada', '@example.com', 'ada@', 'ada@b@example.com'],
    ['ada@example.com\r\nBcc: eve@example.org', 'ada@example.com\n', 'a\0da@example.com'],
    ['ada lovelace@example.com', ' ada@example.com', 'ada@example.com\u00a0'],
    ['Ada <ada@example.com>', 'ada@example.com>', '<ada@example.com'],
    ['ada@example.com,eve@example.org', 'ada@example.com;', 'group:ada@example.com'],
    ['"ada"@example.com', 'ada(eve)@example.com', 'ada@[127.0.0.1]', 'a\\da@example.com'],
    ['ada\u200b@example.com', '\u202eada@example.com', `${'a'.repeat(310)}@example.com`],
  ])('is not %j', (...texts) => {
    expect(texts.filter(isPlainAddress)).toEqual([])
  })
})
