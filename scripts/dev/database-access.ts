// Who may use the database of the development command. Any web page can send requests to sqld,
// which answers all origins. So sqld executes nothing without a token, and each run has a new one.

import { generateKeyPairSync, sign } from 'node:crypto'
import { rmSync } from 'node:fs'
import { Failure } from '../../src/cli/failure.ts'
import { replacePrivateFile } from '../../src/cli/private-file.ts'
import { quoteForShell } from './shell.ts'

export interface DatabaseAccess {
  /** The key with which sqld checks tokens: Ed25519, in base64url. */
  readonly publicKey: string
  /** A JWT for reading and writing. It is valid as long as an sqld has the key. */
  readonly token: string
}

/** Makes a fresh key and one token of it. The private key is not kept. */
export function createDatabaseAccess(): DatabaseAccess {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const named = `${encodeJson({ alg: 'EdDSA', typ: 'JWT' })}.${encodeJson({ a: 'rw' })}`
  const signature = sign(null, Buffer.from(named), privateKey).toString('base64url')
  return {
    publicKey: String(publicKey.export({ format: 'jwk' }).x),
    token: `${named}.${signature}`,
  }
}

/**
 * Writes the variables of a run into `file`, for the user's own tools: lines for a shell.
 *
 * @returns a function that removes the file
 */
export function writeDatabaseVariables(
  file: string,
  variables: Readonly<Record<string, string>>,
): () => void {
  const lines = Object.entries(variables).map(
    ([name, value]) => `${name}=${quoteForShell(value)}\n`,
  )
  try {
    replacePrivateFile(file, lines.join(''))
  } catch {
    throw new Failure(`${file} cannot be written: choose another folder with --data.`)
  }
  return () => rmSync(file, { force: true })
}

function encodeJson(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}
