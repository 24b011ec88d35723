// The views of this isolate. Revocations belong to an issuer. So all guards of one issuer share one
// view and one load, whatever their bounds. A service in the same isolate adds its revocations to
// the view at once. A view also belongs to a clock, because tests have clocks of their own.

import type { Runtime } from '../../runtime/runtime.ts'
import { onRevocationInIsolate } from '../../token/isolate-revocations.ts'
import { RevocationLoader } from './loader.ts'

const loaders = new WeakMap<Runtime, Map<string, RevocationLoader>>()

/** The issuer's loader, with its view. */
export function loaderOf(issuer: string, runtime: Runtime): RevocationLoader {
  const ofRuntime = loaders.get(runtime) ?? new Map<string, RevocationLoader>()
  loaders.set(runtime, ofRuntime)
  const loader = ofRuntime.get(issuer) ?? createLoader(issuer, runtime)
  ofRuntime.set(issuer, loader)
  return loader
}

function createLoader(issuer: string, runtime: Runtime): RevocationLoader {
  const loader = new RevocationLoader(issuer, runtime)
  onRevocationInIsolate(issuer, runtime, ({ id, expiresAt }) => loader.view.revoke(id, expiresAt))
  return loader
}
