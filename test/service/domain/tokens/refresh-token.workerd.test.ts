import { describe, expect, it } from 'vitest'
import { createRefreshTokens } from '../../../../src/service/domain/tokens/refresh-token.ts'
import { secretKey } from '../../../support/service.ts'

const tokens = createRefreshTokens({ secretKey })
const claims = { sessionId: 'abcdefghijklmnop', version: 12 }

describe('a refresh token', () => {
  it('names its session and version, and is the same each time', async () => {
    const token = await tokens.create(claims)
    expect(token).toMatch(/^abcdefghijklmnop\.12\.[A-Za-z0-9_-]{43}$/)
    expect(await tokens.create(claims)).toBe(token)
    expect(await tokens.verify(token)).toEqual(claims)
  })

  it('depends on the secret: another secret gives another token', async () => {
    const others = createRefreshTokens({ secretKey: `${secretKey}!` })
    expect(await tokens.verify(await others.create(claims))).toBeUndefined()
  })

  it('is valid in only one encoding', async () => {
    const token = await tokens.create(claims)
    const [sessionId, version, mac = ''] = token.split('.')
    const lastBits = `${mac.slice(0, -1)}${String.fromCharCode(mac.charCodeAt(42) + 1)}`
    const spellings = [
      ...['', `${token}=`, ` ${token}`, `${token}\n`, token.toUpperCase(), `${token}.`],
      ...[`${sessionId}.012.${mac}`, `${sessionId}.13.${mac}`, `${sessionId}.-12.${mac}`],
      ...[`${sessionId}.${version}.${lastBits}`, `abcdefghijklmnoq.12.${mac}`],
      ...[`${sessionId}.${version}.`, `${sessionId}.${version}.${'A'.repeat(43)}`, 'x'.repeat(1e5)],
    ]
    for (const spelling of spellings) expect(await tokens.verify(spelling)).toBeUndefined()
  })
})
