// A certificate authority and a certificate of it, made by `openssl` when a test starts. A
// certificate that was committed would expire one day.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface Certificates {
  /** The authority, in PEM. Who trusts it trusts the certificate. */
  readonly authority: string
  /** The same, in a file. */
  readonly authorityFile: string
  /** The certificate of the server, in PEM. */
  readonly cert: string
  readonly key: string
  remove(): void
}

const config = (names: string) => `
[req]
distinguished_name = name
prompt = no
[name]
CN = Portcullis test
[authority]
basicConstraints = critical, CA:TRUE
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = ${names}
`

/** Certificates for a day, for this machine. `names`: whom the server is, otherwise. */
export function createCertificates(names = 'DNS:localhost, IP:127.0.0.1'): Certificates {
  const directory = mkdtempSync(join(tmpdir(), 'portcullis-certificates-'))
  const file = (name: string) => join(directory, name)
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'pipe' })
  const read = (name: string) => readFileSync(file(name), 'utf8')
  writeFileSync(file('config'), config(names))
  const fresh = ['-config', file('config'), '-nodes', '-newkey', 'rsa:2048', '-sha256']
  const authority = ['-keyout', file('ca.key'), '-out', file('ca.pem'), '-extensions', 'authority']
  openssl('req', '-x509', '-days', '1', ...fresh, ...authority)
  openssl('req', ...fresh, '-keyout', file('key'), '-out', file('request'), '-subj', '/CN=server')
  openssl(
    ...['x509', '-req', '-days', '1', '-sha256', '-in', file('request'), '-out', file('cert.pem')],
    ...['-CA', file('ca.pem'), '-CAkey', file('ca.key'), '-CAcreateserial'],
    ...['-extfile', file('config'), '-extensions', 'server'],
  )
  return {
    ...{ authority: read('ca.pem'), authorityFile: file('ca.pem') },
    ...{ cert: read('cert.pem'), key: read('key') },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}
