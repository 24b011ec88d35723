import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { readDoc } from '../../scripts/generated-docs.ts'
import { createProgram } from '../../src/cli/program.ts'

const guide = readDoc('docs/guides/cli.md')

/** The commands that do something, by their whole names. */
function commandsOf(command: Command, path: readonly string[] = []): [string, Command][] {
  // What is hidden is in the help's list neither.
  return command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== 'help')
    .flatMap((each): [string, Command][] => {
      const names = [...path, each.name()]
      return each.commands.length > 0 ? commandsOf(each, names) : [[names.join(' '), each]]
    })
}

/** What the guide says of all commands at once. */
const [, common = ''] = guide.split(/^## /m)

const commands = commandsOf(createProgram())

/** Heading → text of the sections of the guide that are about commands. */
const sections = new Map(
  guide.split(/^##+ /m).flatMap((section): [string, string][] => {
    const [, name] = /^`([^`]+)`\n/.exec(section) ?? []
    return name === undefined ? [] : [[name, section]]
  }),
)

describe('docs/guides/cli.md', () => {
  it('has a section for each command, and for no other', () => {
    expect(commands.length).toBeGreaterThan(14)
    expect([...sections.keys()].sort()).toEqual(commands.map(([name]) => name).sort())
  })

  it.each(commands)(
    'names the options of %s, its variables, and has an example',
    (name, command) => {
      const text = sections.get(name) ?? ''
      const options = command.options.map(({ long }) => `\`${long}`)
      expect(options.filter((option) => !`${common}${text}`.includes(option))).toEqual([])
      const named = new Set(helpOf(command).match(/[A-Z]+_[A-Z_]+/g))
      expect([...named].filter((variable) => !`${common}${text}`.includes(variable))).toEqual([])
      expect(text).toContain(`portcullis ${name}`)
    },
  )

  it.each(commands)('is right that %s takes --json', (_, command) => {
    expect(command.options.map(({ long }) => long)).toContain('--json')
  })
})

/** The whole help, with what commands add to it. */
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
