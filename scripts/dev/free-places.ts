// The ports and the folder that a development command needs for itself. A second command may find
// several of them in use. So all are checked together, before anything starts.

import { Failure } from '../../src/cli/failure.ts'
import { isPortTaken } from '../ports.ts'
import { describeUse, findHolder } from './data-lock.ts'

/** Ports and a folder. Undefined where one is not needed. */
interface Places {
  readonly data?: string | undefined
  readonly port: number
  readonly databasePort?: number | undefined
}

/** A place that is in use: by what, and what helps. */
interface Taken {
  readonly fact: string
  readonly cure: string
  readonly option: string
}

/** Throws when a place is in use, and names all options that are needed. */
export async function refuseTakenPlaces({ data, port, databasePort }: Places): Promise<void> {
  const found = [
    data === undefined ? undefined : describeFolder(data),
    await describePort(port, 'service', '--port'),
    databasePort === undefined
      ? undefined
      : await describePort(databasePort, 'database', '--database-port'),
  ]
  const taken = found.filter((place) => place !== undefined)
  const [only] = taken
  if (!only) return
  if (taken.length === 1) throw new Failure(`${only.fact}: ${only.cure}`)
  const facts = taken.map(({ fact }) => `${fact}.`).join(' ')
  const options = taken.map(({ option }) => option).join(' ')
  throw new Failure(`${facts} End what uses them, or choose others with all of these: ${options}`)
}

function describeFolder(data: string): Taken | undefined {
  const holder = findHolder(data)
  if (holder === undefined) return undefined
  const cure = 'end that one, or choose another folder with --data.'
  return { fact: describeUse(data, holder), cure, option: '--data DIR' }
}

async function describePort(
  port: number,
  user: 'service' | 'database',
  option: string,
): Promise<Taken | undefined> {
  if (!(await isPortTaken(port))) return undefined
  const cure = `choose another one for the ${user} with ${option}.`
  return { fact: `Port ${port} is in use`, cure, option: `${option} PORT` }
}
