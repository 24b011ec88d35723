import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { commandsOf } from '../../scripts/docs/cli.ts'
import { readDoc } from '../../scripts/docs/markdown.ts'
import { createProgram, runProgram } from '../../src/cli/program.ts'

const guide = readDoc('docs/reference/cli.md')

/** What the guide says about all commands. */
const [, common = ''] = guide.split(/^## /m)

const commands = commandsOf(createProgram())

/** Heading → text of the guide's sections about commands. */
const sections = new Map(
  guide.split(/^##+ /m).flatMap((section): [string, string][] => {
    const [, name] = /^`([^`]+)`\n/.exec(section) ?? []
    return name === undefined ? [] : [[name, section]]
  }),
)

describe('docs/reference/cli.md', () => {
  it('has a section for each command, and for no other', () => {
    expect(commands.length).toBeGreaterThan(14)
    expect([...sections.keys()].sort()).toEqual(commands.map(([name]) => name).sort())
  })

  it.each(commands)(
    'names the options and variables of %s, and has an example',
    (name, command) => {
      const text = sections.get(name) ?? ''
      const options = command.options.map(({ long }) => `\`${long}`)
      expect(options.filter((option) => !`${common}${text}`.includes(option))).toEqual([])
      const named = new Set(helpOf(command).match(/[A-Z]+_[A-Z_]+/g))
      expect([...named].filter((variable) => !`${common}${text}`.includes(variable))).toEqual([])
      expect(text).toContain(`portcullis ${name}`)
    },
  )

  it.each(commands)('says correctly whether %s takes --json', (_, command) => {
    expect(command.options.map(({ long }) => long)).toContain('--json')
  })
})

describe('a command with more than it takes', () => {
  it.each([
    [['users', 'set-password', 'ada@example.com', 'hunter2'], 'Expected 1 argument but got 2.'],
    [['users', 'create', 'ada@example.com', '--password=hunter2'], "unknown option '--password=…'"],
  ])('does not repeat what could be a password: %j', async (args, says) => {
    const { argv } = process
    process.argv = ['node', 'portcullis', ...args]
    const failing = runProgram(createProgram())
    await expect(failing).rejects.toThrow(says)
    await expect(failing).rejects.not.toThrow('hunter2')
    process.argv = argv
  })
})

/** The whole help, with the texts that commands add. */
function helpOf(command: Command): string {
  let help = ''
  command.configureOutput({
    writeOut(text) {
      help += text
    },
  })
  command.outputHelp()
  return help
}
