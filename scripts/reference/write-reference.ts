// The API reference as a folder of static files: the OpenAPI document, shown by Scalar.

import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Failure } from '../../src/cli/failure.ts'
import { makeDirectories } from '../directory.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const ownFiles = fileURLToPath(new URL('.', import.meta.url))
/** Scalar's build for browsers: one file, with all its dependencies. */
const scalar = join(root, 'node_modules/@scalar/api-reference/dist/browser/standalone.js')

/**
 * The headers of every file. Styles are inline, because Scalar writes style attributes and
 * elements.
 */
export const referenceHeaders: Readonly<Record<string, string>> = {
  'Content-Security-Policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "connect-src 'self'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
}

/** The files under `/docs/`, with their media types. */
export const referenceFiles: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'openapi.json': 'application/json',
  'scalar.js': 'text/javascript; charset=utf-8',
  'start.js': 'text/javascript; charset=utf-8',
}

export interface ReferenceInput {
  /** The file of the OpenAPI document. Default: `openapi.json` of the project. */
  readonly documentFile?: string | undefined
  /** The service's URL in the page. Default: the URLs of the document. */
  readonly server?: string | undefined
}

/**
 * Writes the page to `folder`, which is created if missing. Replaces files of an earlier run; other
 * files stay. Throws a `Failure` where the document cannot be read or the folder cannot be written.
 * Also throws where `docs` or `_headers` in the folder were not written by this command.
 */
export function writeReference(folder: string, input: ReferenceInput = {}): void {
  const document = readDocument(input.documentFile ?? join(root, 'openapi.json'))
  const shown = input.server === undefined ? fromDocs(document) : withServer(document, input.server)
  const docs = join(folder, 'docs')
  refuseForeignFolder(folder)
  try {
    makeDirectories(docs)
    for (const name of ['index.html', 'start.js']) {
      copy(join(ownFiles, name), join(docs, name))
    }
    writeFileSync(join(docs, 'openapi.json'), `${JSON.stringify(shown, undefined, 2)}\n`)
    writeFileSync(join(folder, '_headers'), headersFile())
  } catch {
    throw new Failure(`The folder ${folder} cannot be made or written: choose another one.`)
  }
  copyScalar(join(docs, 'scalar.js'))
}

/** Copies with the access of a new file, whatever the access of the source is. */
function copy(from: string, to: string): void {
  writeFileSync(to, readFileSync(from))
}

/** Refuses to replace files that this command has not written. */
function refuseForeignFolder(folder: string): void {
  const isOurs = existsSync(join(folder, 'docs/scalar.js'))
  const foreign = isOurs
    ? undefined
    : ['docs', '_headers'].find((name) => existsSync(join(folder, name)))
  if (foreign === undefined) return
  throw new Failure(
    `${join(folder, foreign)} exists already, and is not from this command: choose another folder.`,
  )
}

function copyScalar(target: string): void {
  try {
    copy(scalar, target)
  } catch {
    throw new Failure('Scalar is not installed: run `npm ci`.')
  }
}

function readDocument(file: string): object {
  try {
    const document = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof document?.openapi === 'string') return document
  } catch {
    // The error below covers this case as well.
  }
  throw new Failure(`${file} is missing, or is not an OpenAPI document in JSON: check --document.`)
}

/** The service's document names its own folder. From `/docs/`, that is the parent folder. */
function fromDocs(document: { readonly servers?: readonly { readonly url: string }[] }): object {
  return document.servers?.[0]?.url === './' ? withServer(document, '../') : document
}

function withServer(document: object, url: string): object {
  return { ...document, servers: [{ url }] }
}

/** The format of Cloudflare, Netlify and others: a path, followed by the headers of its files. */
function headersFile(): string {
  const lines = Object.entries(referenceHeaders).map(([name, value]) => `  ${name}: ${value}\n`)
  return `/docs/*\n${lines.join('')}`
}
