// What a part demands of its figures.

/** One demand, in words, and whether the figures meet it. */
export interface Gate {
  readonly demand: string
  /** The figure that is compared. */
  readonly figure: string
  readonly isMet: boolean
}

/** A list of the demands. The bench fails in the end if one is missed. */
export function renderGates(gates: readonly Gate[]): string {
  if (gates.some(({ isMet }) => !isMet)) process.exitCode = 1
  return gates
    .map(({ demand, figure, isMet }) => `- ${isMet ? 'met' : 'MISSED'}: ${demand} (${figure})`)
    .join('\n')
}
