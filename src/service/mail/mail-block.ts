// The parts of a mail between heading and closing, in their order.

/** A paragraph, a code, or a link. */
export type MailBlock = string | CodeBlock | LinkBlock

/** A code on a line of its own. */
interface CodeBlock {
  /** As it is shown. */
  readonly code: string
}

/** A link with a label, and once more in full for those who copy it. */
interface LinkBlock {
  readonly link: string
  readonly label: string
  /** A sentence before the link in full. */
  readonly before: string
}
