// Long answers are sent in pieces, as fast as the client reads, from texts that all answers share.
// A client that stops reading costs one piece, and only until a deadline. The deadline goes by the
// clock, because on Workers a request that is cut off gives no signal.

import type { Runtime } from '../../../runtime/runtime.ts'

/** In characters, all ASCII. A shorter answer is sent whole, and does not count. */
const pieceCharacters = 65_536
/** Each may hold an old page that has been read again since then. */
const maxAnswers = 8
/** Guards give up after 3 s. */
const answeredWithinMs = 10_000

interface Answer {
  /** Undefined after its time is over, so that nothing holds the texts. */
  pieces: Iterator<string> | undefined
  readonly beganAtMs: number
}

export class SnapshotAnswers {
  readonly #runtime: Pick<Runtime, 'elapsedMs'>
  readonly #answers = new Set<Answer>()

  constructor(runtime: Pick<Runtime, 'elapsedMs'>) {
    this.#runtime = runtime
  }

  /** The body that consists of the texts. Undefined while eight long answers are being sent. */
  begin(texts: readonly string[]): string | ReadableStream<Uint8Array> | undefined {
    if (charactersIn(texts) <= pieceCharacters) return texts.join('')
    this.#endLate()
    if (this.#answers.size >= maxAnswers) return undefined
    const answer = { pieces: piecesOf(texts), beganAtMs: this.#runtime.elapsedMs() }
    this.#answers.add(answer)
    return this.#stream(answer)
  }

  #stream(answer: Answer): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder()
    const source = {
      pull: (controller: ReadableStreamDefaultController<Uint8Array>) => {
        this.#endLate()
        if (!answer.pieces) throw new Error('The client took too long to read the snapshot')
        const piece = answer.pieces.next()
        if (!piece.done) return controller.enqueue(encoder.encode(piece.value))
        this.#end(answer)
        controller.close()
      },
      cancel: () => this.#end(answer),
    }
    // No piece is prepared before it is read.
    return new ReadableStream(source, { highWaterMark: 0 })
  }

  #endLate(): void {
    for (const answer of this.#answers) {
      const ageMs = this.#runtime.elapsedMs() - answer.beganAtMs
      if (!(ageMs >= 0 && ageMs < answeredWithinMs)) this.#end(answer)
    }
  }

  #end(answer: Answer): void {
    answer.pieces = undefined
    this.#answers.delete(answer)
  }
}

/** How many characters the texts have in all. */
export function charactersIn(texts: readonly string[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0)
}

function* piecesOf(texts: readonly string[]): Iterator<string> {
  for (const text of texts) {
    for (let from = 0; from < text.length; from += pieceCharacters) {
      yield text.slice(from, from + pieceCharacters)
    }
  }
}
