import { messageOf } from '../../errors/message-of.ts'
import type { Deps } from '../domain/deps.ts'

/** A log whose failures change no answer. `log` may be asynchronous, despite its type. */
export function safeLog(log: Deps['log']): Deps['log'] {
  return (line) => {
    const write = async () => log(line)
    write().catch((error) =>
      console.error(JSON.stringify({ event: 'log_failed', problem: messageOf(error) })),
    )
  }
}
