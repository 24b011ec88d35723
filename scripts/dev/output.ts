// Handles the output of a child line by line, so that a secret is found even where its text arrives
// in two pieces.

/** Takes text as it arrives. `flush` hands on the text after the last line break. */
export interface LineFilter {
  take(text: string): void
  flush(): void
}

/** wrangler's access log, which repeats the service's own JSON lines. */
const accessLog = /^\[wrangler:info\] [A-Z]+ \S+ \d{3} .*\(\d+ms\)$/

/** Hands on every line with `secrets` hidden, and none of wrangler's access log. */
export function createLineFilter(
  secrets: readonly string[],
  handOn: (line: string) => void,
): LineFilter {
  let rest = ''
  const show = (line: string) => {
    if (!accessLog.test(line)) handOn(`${hide(line, secrets)}\n`)
  }
  return {
    take(text) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) show(line)
    },
    flush() {
      if (rest) show(rest)
      rest = ''
    },
  }
}

function hide(line: string, secrets: readonly string[]): string {
  return secrets.reduce((safe, secret) => safe.replaceAll(secret, '(hidden)'), line)
}
