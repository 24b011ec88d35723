import { describe, expect, it } from 'vitest'
import { networkOf } from '../../../../src/service/domain/limits/network.ts'

describe('the network of an address', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['::FFFF:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::6', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::6', '2001:db8:1:2::/64'],
    ['2001:db8::6', '2001:db8:0:0::/64'],
    ['2001:db8:0:0:1::', '2001:db8:0:0::/64'],
    ['2001::1:0:0:0', '2001:0:0:0::/64'],
    ['2001:db8:1::2:3:4', '2001:db8:1:0::/64'],
    ['::1', '0:0:0:0::/64'],
    ['::', '0:0:0:0::/64'],
    ['1::', '1:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['64:ff9b::192.0.2.7', '64:ff9b:0:0::/64'],
    [undefined, 'unknown'],
    ['no address', 'no address'],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network)
  })

  it('is as long as asked', () => {
    expect(networkOf('2001:db8:1:2::6', 3)).toBe('2001:db8:1::/48')
    expect(networkOf('192.0.2.7', 3)).toBe('192.0.2.7')
  })

  it('takes any text without an error', () => {
    for (const text of [':::', '1:2:3:4:5:6:7:8:9', '::1::2', ':', `${'1:'.repeat(50)}1`]) {
      expect(typeof networkOf(text)).toBe('string')
    }
  })
})
