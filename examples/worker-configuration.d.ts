// What `wrangler types` writes for each of the examples, in one.

declare namespace Cloudflare {
  interface Env {
    readonly AUTH: Fetcher
    readonly ISSUER: string
    readonly AUDIENCE: string
  }
}

interface Env extends Cloudflare.Env {}
