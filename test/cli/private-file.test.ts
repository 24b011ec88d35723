import { execFileSync } from 'node:child_process'
import { lstatSync, readFileSync, symlinkSync } from 'node:fs'
import { afterAll, describe, expect, it } from 'vitest'
import { exportFrom } from '../../src/cli/audit-database.ts'
import { beginPrivateFile, replacePrivateFile } from '../../src/cli/private-file.ts'
import { createFolder } from '../support/import-files.ts'

const folder = createFolder()
afterAll(folder.remove)

let places = 0
const newPlace = () => {
  places += 1
  return folder.path(`place-${places}`)
}
function newPipe(): string {
  const pipe = newPlace()
  execFileSync('mkfifo', [pipe])
  return pipe
}
function newLink(): string {
  const link = newPlace()
  symlinkSync(folder.write('target.txt', 'kept'), link)
  return link
}

describe('a report in the place of something else', () => {
  it.each([
    ['a named pipe', newPipe],
    ['a link, as /dev/stdout is one', newLink],
  ])('is refused, and %s stays', (_, make) => {
    const place = make()
    const before = lstatSync(place)
    expect(() => beginPrivateFile(place)).toThrow('is no regular file')
    expect(lstatSync(place)).toMatchObject({ ino: before.ino, mode: before.mode })
  })

  it('replaces a file', () => {
    const place = folder.write('report.jsonl', 'of an earlier run')
    const report = beginPrivateFile(place)
    report.add('new')
    report.close()
    expect([readFileSync(place, 'utf8'), lstatSync(place).mode & 0o777]).toEqual(['new', 0o600])
  })
})

describe('a key set in the place of a named pipe', () => {
  it('is refused, and the pipe stays', () => {
    const pipe = newPipe()
    expect(() => replacePrivateFile(pipe, 'new')).toThrow('is no regular file')
    expect(lstatSync(pipe).isFIFO()).toBe(true)
  })
})

describe('an export of the audit that fails', () => {
  const address = () => ({ url: `file:${folder.write('empty.db', '')}` })

  it('leaves a file that was there as it was', async () => {
    const theirs = folder.write('theirs.jsonl', 'theirs')
    await expect(exportFrom(address(), theirs)).rejects.toThrow('exists already')
    expect(readFileSync(theirs, 'utf8')).toBe('theirs')
  })

  it('leaves no file of its own behind', async () => {
    const place = newPlace()
    await expect(exportFrom(address(), place)).rejects.toThrow('the schema is older')
    expect(lstatSync(place, { throwIfNoEntry: false })).toBeUndefined()
  })
})
