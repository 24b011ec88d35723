import { describe, expect, it } from 'vitest'
import { forwardedAddress } from '../../../src/service/http/forwarded-address.ts'

const peer = '192.0.2.1'

type Case = [text: string, address: string | undefined]

function addressOf(chains: Record<string, string>, trustedProxies = 1): string | undefined {
  return forwardedAddress(new Headers(chains), peer, trustedProxies)
}
const forwarded = (text: string, proxies?: number) => addressOf({ Forwarded: text }, proxies)
const xForwardedFor = (text: string, proxies?: number) =>
  addressOf({ 'X-Forwarded-For': text }, proxies)

describe('the address of a client', () => {
  it('is that of the connection where no proxy is trusted, whatever the headers claim', () => {
    const claims = { Forwarded: 'for=203.0.113.7', 'X-Forwarded-For': '203.0.113.7' }
    expect(addressOf(claims, 0)).toBe(peer)
  })

  it.each([
    ['::ffff:127.0.0.1', '127.0.0.1'],
    ['::1', '::1'],
    ['2001:DB8:0::7', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1%eth0'],
  ])('of the connection has one form: %s', (of, address) => {
    expect(forwardedAddress(new Headers(), of, 0)).toBe(address)
  })

  it('is counted from the right: everything further left is a claim of the client', () => {
    const chain = 'nonsense", 198.51.100.1, 203.0.113.7, 192.0.2.9'
    expect([1, 2].map((proxies) => xForwardedFor(chain, proxies))).toEqual([
      '192.0.2.9',
      '203.0.113.7',
    ])
    const elements = 'for="nonsense, For=203.0.113.7;proto=https , for=192.0.2.9; by=_proxy'
    expect([1, 2].map((proxies) => forwarded(elements, proxies))).toEqual([
      '192.0.2.9',
      '203.0.113.7',
    ])
  })

  it('is unknown where the chain is missing or shorter than the proxies', () => {
    expect(addressOf({})).toBeUndefined()
    expect(xForwardedFor('203.0.113.7', 2)).toBeUndefined()
    expect(forwarded('for=203.0.113.7', 2)).toBeUndefined()
  })

  it('is read over several headers of one name', () => {
    const headers = new Headers({ 'X-Forwarded-For': '198.51.100.1' })
    headers.append('X-Forwarded-For', '203.0.113.7')
    expect(forwardedAddress(headers, peer, 1)).toBe('203.0.113.7')
  })

  it.each<Case>([
    ['203.0.113.7', '203.0.113.7'],
    ['203.0.113.7:4711', '203.0.113.7'],
    ['2001:DB8:0:0::1', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[2001:db8::1]:4711', '2001:db8::1'],
    // IPv4 in IPv6, in all its spellings.
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:102:304', '1.2.3.4'],
    ['0:0:0:0:0:FFFF:cb00:7107', '203.0.113.7'],
    ['0:0::ffff:203.0.113.7', '203.0.113.7'],
    ['[::ffff:cb00:7107]:4711', '203.0.113.7'],
    ['::ffff:0:1', '0.0.0.1'],
    ['::ffff:0:cb00:7107', '::ffff:0:cb00:7107'],
    ['64:ff9b::cb00:7107', '64:ff9b::cb00:7107'],
    ...[
      ...['', 'unknown', '_hidden', 'host.example', '203.0.113', '203.0.113.256', '0x7f.0.0.1'],
      ...['203.0.113.07', '3405803783', '203.0.113.7:', '203.0.113.7:x', '203.0.113.7:123456'],
      ...['[2001:db8::1', '[203.0.113.7]', '2001:db8::1]:80', '1::2::3', '[fe80::1%eth0]', 'a b'],
      ...[
        '203.0.113.7/evil',
        '203.0.113.7@evil',
        '::ffff:203.0.113.256',
        '"203.0.113.7"',
        ':',
        '::g',
      ],
    ].map((malformed): Case => [malformed, undefined]),
  ])('is %j in X-Forwarded-For: %s', (text, address) => {
    expect(xForwardedFor(`198.51.100.1,${text}`)).toBe(address)
    // Also where it is further right than the client.
    if (address === undefined) expect(xForwardedFor(`198.51.100.1,${text}`, 2)).toBeUndefined()
  })

  it.each<Case>([
    ['for=203.0.113.7', '203.0.113.7'],
    ['FOR="203.0.113.7:4711"', '203.0.113.7'],
    ['proto=http;for="[2001:db8::1]:4711";host="a\\"b"', '2001:db8::1'],
    ...[
      ...['', 'for', 'for=', 'for=unknown', 'for=_hidden', 'by=203.0.113.7', 'for=2001:db8::1'],
      ...['for="2001:db8::1"', 'for=203.0.113.7:80', 'for=203.0.113.7;for=198.51.100.1'],
      ...['for="203.0.113.7', 'for=203.0.113.7"', 'for=203.0.113.7;x', 'for=203.0.113.7;x="'],
      // What a client can put into `host` of a proxy that quotes it correctly.
      ...['for=203.0.113.7;host="a,for=198.51.100.1"', 'for=203.0.113.7;host=\\"b"'],
    ].map((malformed): Case => [malformed, undefined]),
  ])('is %j in Forwarded: %s', (text, address) => {
    expect(forwarded(`for=198.51.100.1,${text}`)).toBe(address)
  })

  it('is unknown where both headers are present and disagree', () => {
    const one = { 'X-Forwarded-For': '203.0.113.7' }
    expect(addressOf({ ...one, Forwarded: 'for="203.0.113.7:80"' })).toBe('203.0.113.7')
    for (const Forwarded of ['for=198.51.100.1', 'for=unknown', '']) {
      expect(addressOf({ ...one, Forwarded })).toBeUndefined()
    }
  })
})
