import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { addMove } from './move.ts'

export function addRollback(program: Command, cli: Cli): void {
  addMove(program, cli, 'rollback', 'Move the write owner back to the legacy side, without losing a write.')
}
