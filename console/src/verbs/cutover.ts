import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addMove } from './move.ts'

export function addCutover(program: Command, cli: Cli): void {
  addMove(program, cli, 'cutover', 'Move the write owner to the extracted side, without losing a write.')
}
