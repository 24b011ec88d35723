import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readPassword } from '../../src/cli/password-input.ts'

/** A terminal on which the text is typed; `shown` is what it has shown. */
function typeOn(text: string) {
  let isRaw = false
  let shown = ''
  const input = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode(raw: boolean) {
      isRaw ||= raw
    },
  })
  const output = new Writable({
    write(chunk, _encoding, done) {
      shown += chunk
      done()
    },
  })
  const password = readPassword(input, output)
  input.write(text)
  return { password, wasRaw: () => isRaw, shown: () => shown }
}

describe('a password', () => {
  it('is asked for twice on a terminal, and never shown', async () => {
    const { password, wasRaw, shown } = typeOn('s3cret x\ns3cret x\n')
    expect(await password).toBe('s3cret x')
    expect([wasRaw(), shown()]).toEqual([true, 'Password: \nOnce more: \n'])
  })

  it('that is typed differently is refused', async () => {
    const { password, shown } = typeOn('s3cret\ns3crt\n')
    await expect(password).rejects.toThrow('The two passwords differ')
    expect(shown()).not.toContain('s3cr')
  })

  it('is not asked for further after Ctrl-C', async () => {
    await expect(typeOn('s3cret\n\x03').password).rejects.toThrow('There is no password')
  })

  it.each([
    ['a b \n', 'a b '],
    ['a b\r\n', 'a b'],
    ['a\nb', 'a\nb'],
  ])('is the whole input %j without the last end of a line', async (piped, password) => {
    const input = new PassThrough()
    input.end(piped)
    expect(await readPassword(input)).toBe(password)
  })
})
