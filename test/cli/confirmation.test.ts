import { PassThrough, Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { confirmLoss } from '../../src/cli/confirmation.ts'

const sentence = 'This deletes everything.'

/** Asks on a terminal, or elsewhere, where the text is typed. */
async function ask(typed: string, { isTTY = true, isAgreed = false } = {}) {
  let shown = ''
  const output = new Writable({
    write(chunk, _encoding, done) {
      shown += chunk
      done()
    },
  })
  const input = Object.assign(new PassThrough(), { isTTY })
  input.end(typed)
  const refusal = await confirmLoss({ sentence, isAgreed }, input, output).then(
    () => undefined,
    (error: Error) => error.message,
  )
  return { refusal, shown }
}

describe('before something is lost', () => {
  it('a terminal is told what, and asked', async () => {
    const question = `${sentence} Type yes to go on: `
    expect(await ask('yes\n')).toEqual({ refusal: undefined, shown: question })
  })

  it.each(['y\n', 'no\n', '\n', ''])('the answer %j changes nothing', async (typed) => {
    expect((await ask(typed)).refusal).toBe('Nothing was changed.')
  })

  it('without a terminal it must be agreed to in the call, whatever comes in', async () => {
    const { refusal, shown } = await ask('yes\n', { isTTY: false })
    expect([refusal, shown]).toEqual([`${sentence} Nothing was changed: add --yes to do it.`, ''])
    expect(await ask('', { isTTY: false, isAgreed: true })).toEqual({
      refusal: undefined,
      shown: '',
    })
  })
})
