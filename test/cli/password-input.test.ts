import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { readPassword } from '../../src/cli/password-input.ts'

/** A terminal on which the text is typed. `shown` is its output. */
function typeOn(text: string | Buffer) {
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

  it('is refused where the second entry differs', async () => {
    const { password, shown } = typeOn('s3cret\ns3crt\n')
    await expect(password).rejects.toThrow('The two passwords differ')
    expect(shown()).not.toContain('s3cr')
  })

  it('is not asked for again after Ctrl-C', async () => {
    await expect(typeOn('s3cret\n\x03').password).rejects.toThrow('There is no password')
  })

  it.each([
    ['a b \n', 'a b '],
    ['a b\r\n', 'a b'],
    ['pässwörd', 'pässwörd'],
    ['\ufeffa b\r\n', 'a b'],
  ])('is the whole input %j without its last line break', async (piped, password) => {
    const input = new PassThrough()
    input.end(piped)
    expect(await readPassword(input)).toBe(password)
  })

  it.each([
    ['in Latin-1', Buffer.from('pässwörd\n', 'latin1'), 'not in UTF-8'],
    ['in UTF-16 with its mark', Buffer.from('\ufeffs3cret\n', 'utf16le'), 'not in UTF-8'],
    ['in UTF-16', Buffer.from('s3cret', 'utf16le'), 'a control character'],
    ['cut within a character', Buffer.from('s3crét').subarray(0, 5), 'not in UTF-8'],
    ['of two lines', Buffer.from('s3cret\nb\n'), 'several lines'],
    ['of a line and an empty one', Buffer.from('s3cret\n\n'), 'several lines'],
    ['with a CR', Buffer.from('s3cret\r'), 'several lines'],
    ['with a line separator', Buffer.from('s3cret\u2028b'), 'several lines'],
    ['with a tab', Buffer.from('s3cret\tb'), 'a control character'],
    ['with a NUL', Buffer.from('s3cret\0b'), 'a control character'],
  ])('is refused and not shown where it is %s', async (_, piped, sentence) => {
    const input = new PassThrough()
    input.end(piped)
    const failure = await readPassword(input).catch((error: Error) => error)
    expect(failure).toMatchObject({ kind: 'failure' })
    expect(String(failure)).toContain(sentence)
    expect(String(failure)).not.toContain('s3cr')
  })

  it('is refused where the terminal has another encoding', async () => {
    const typed = Buffer.from('pässwörd\npässwörd\n', 'latin1')
    await expect(typeOn(typed).password).rejects.toThrow('not in UTF-8')
  })
})
