/** sqld needs ten times as long for an answer that it may compress. */
export function fetchUncompressed(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('accept-encoding', 'identity')
  return fetch(request, { headers })
}
