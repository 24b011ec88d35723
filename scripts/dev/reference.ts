import { join } from 'node:path'
import { Failure } from '../../src/cli/failure.ts'
import { writeReference } from '../reference/write-reference.ts'
import type { DevOptions } from './options.ts'

/**
 * Writes the API reference into the data folder, with `server` as the service's URL.
 *
 * @returns the folder. Undefined, with a message, where it cannot be written: the service starts
 * without it
 */
export function prepareReference({ data }: DevOptions, server: string): string | undefined {
  const folder = join(data, 'reference')
  try {
    writeReference(folder, { server })
    return folder
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    console.log(`There is no API reference: ${error.message}`)
    return undefined
  }
}
