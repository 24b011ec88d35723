// The tables of options in docs/reference/cli.md, from the commands themselves.

import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { renderTable, withPart } from './markdown.ts'

/** The document with the options of each command. */
export function withOptions(text: string): string {
  return commandsOf(createProgram()).reduce(
    (done, [name, command]) => withPart(done, name, renderOptions(command)),
    text,
  )
}

/** The commands that do something, by their whole names. Hidden ones are left out. */
export function commandsOf(
  command: Command,
  path: readonly string[] = [],
): readonly (readonly [name: string, command: Command])[] {
  const visible = command.createHelp().visibleCommands(command)
  return visible
    .filter((each) => each.name() !== 'help')
    .flatMap((each) => {
      const names = [...path, each.name()]
      return each.commands.length > 0 ? commandsOf(each, names) : [[names.join(' '), each] as const]
    })
}

function renderOptions(command: Command): string {
  const help = command.createHelp()
  const visible = help.visibleOptions(command).filter(({ long }) => long !== '--help')
  const rows = [
    ...help.visibleArguments(command).map((argument) => {
      const name = argument.name()
      const shown = argument.variadic ? `${name}…` : name
      const meaning = argument.description || '–'
      return [`\`${shown.toUpperCase()}\`${argument.required ? '' : ', optional'}`, meaning]
    }),
    ...visible.map((option) => [
      `\`${option.flags}\``,
      help.optionDescription(option).replace(' (default: false)', ''),
    ]),
  ]
  return renderTable(['argument or option', 'meaning'], rows.map(escapePipes))
}

function escapePipes(cells: readonly string[]): string[] {
  return cells.map((cell) => cell.replaceAll('|', '\\|'))
}
