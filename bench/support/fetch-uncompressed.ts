/** sqld takes ten times as long for an answer when it may compress it. */
export function fetchUncompressed(request: Request): Promise<Response> {
  const headers = new Headers(request.headers)
  headers.set('accept-encoding', 'identity')
  return fetch(request, { headers })
}
