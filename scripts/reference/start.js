// Starts Scalar in the page of the API reference. Everything comes from the page's own origin.

// Without it, Scalar's copy of zod tries `new Function`, and the Content-Security-Policy reports it.
globalThis.__zod_globalConfig = { jitless: true }

const url = new URL('openapi.json', document.baseURI)

// Scalar's own script is deferred, too, and has run by then.
document.addEventListener('DOMContentLoaded', async () => {
  const { servers } = await (await fetch(url)).json()
  globalThis.Scalar.createApiReference('#reference', {
    url: url.href,
    // The Content-Security-Policy lets requests go to this origin only.
    hideTestRequestButton: !isOfThisOrigin(servers?.[0]?.url ?? '/'),
    // What Scalar would load from or send to other origins.
    withDefaultFonts: false,
    telemetry: false,
    proxyUrl: '',
    agent: { disabled: true },
    mcp: { disabled: true },
    hideClientButton: true,
    showDeveloperTools: 'never',
    // Tokens stay in memory.
    persistAuth: false,
    // The operations are few.
    defaultOpenAllTags: true,
    documentDownloadType: 'direct',
    defaultHttpClient: { targetKey: 'shell', clientKey: 'curl' },
  })
})

/** @param {string} server */
function isOfThisOrigin(server) {
  return (
    URL.canParse(server, location.href) && new URL(server, location.href).origin === location.origin
  )
}
