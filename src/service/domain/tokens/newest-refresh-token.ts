// Which refresh token counts if a browser sends several. A sibling domain can set a refresh cookie
// for our host (RFC 6265 §8.6), so a token of another session is never taken.

import type { TokenDeps } from './token-deps.ts'

/**
 * The genuine refresh token of the session with the highest version. A forged one only if there is
 * no genuine one. Undefined if no token names the session. No I/O.
 */
export async function newestRefreshToken(
  { refreshTokens }: Pick<TokenDeps, 'refreshTokens'>,
  tokens: readonly string[],
  sessionId: string,
): Promise<string | undefined> {
  const ofSession = tokens.filter((token) => token.startsWith(`${sessionId}.`))
  const ranked = await Promise.all(
    ofSession.map(async (token) => {
      const claims = await refreshTokens.verify(token)
      return { token, version: claims?.version ?? 0 }
    }),
  )
  return ranked.sort((a, b) => b.version - a.version)[0]?.token
}
