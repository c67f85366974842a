/** What a statement in the binlog means for captured tables. */
export type StatementEffect =
  | { kind: 'begin' | 'commit' | 'rollback' | 'harmless' }
  | { kind: 'truncate' | 'schema' | 'rows'; table: string }

type Word = { text: string; quoted: boolean }

const rowVerbs = new Set(['INSERT', 'UPDATE', 'DELETE', 'REPLACE', 'LOAD', 'CALL', 'WITH'])

/**
 * Reads a statement of the binlog (written by the server, thus well-formed) just far enough to know which tables it
 * changes. Triggers, grants, indexes and `ALTER TABLE … AUTO_INCREMENT = n` leave rows and columns as they are.
 * @param schema the default schema the statement ran in
 * @param isCaptured whether a table, or with no table name any table of the schema, is captured
 */
export function statementEffect(
  query: string,
  schema: string,
  isCaptured: (schema: string, table?: string) => boolean,
): StatementEffect {
  const words = readWords(query)
  const verb = keyword(words[0])
  if (verb === 'BEGIN' || verb === 'START') return { kind: 'begin' }
  if (verb === 'COMMIT') return { kind: 'commit' }
  if (verb === 'ROLLBACK') return { kind: words.length === 1 ? 'rollback' : 'harmless' }

  const captured = (names: readonly { schema: string; table: string }[]) =>
    names.find(name => isCaptured(name.schema, name.table))
  if (verb === 'TRUNCATE') {
    const hit = captured(tableNames(words, keyword(words[1]) === 'TABLE' ? 2 : 1, schema))
    return hit === undefined ? { kind: 'harmless' } : { kind: 'truncate', table: hit.table }
  }
  if (rowVerbs.has(verb)) {
    // logged as a statement, its rows cannot be known: any mention of a captured table counts
    const hit = captured(words.map((_, at) => nameAt(words, at, schema)).filter(name => name !== undefined))
    return hit === undefined ? { kind: 'harmless' } : { kind: 'rows', table: hit.table }
  }
  const table = changedTable(words, verb, schema, captured, isCaptured)
  return table === undefined ? { kind: 'harmless' } : { kind: 'schema', table }
}

function changedTable(
  words: readonly Word[],
  verb: string,
  schema: string,
  captured: (names: { schema: string; table: string }[]) => { table: string } | undefined,
  isCaptured: (schema: string, table?: string) => boolean,
): string | undefined {
  const object = words.findIndex(
    (word, at) =>
      at > 0 &&
      at < 6 &&
      /^(TABLES?|DATABASE|SCHEMA|INDEX|TRIGGER|VIEW|PROCEDURE|FUNCTION|EVENT|SEQUENCE|USER|ROLE)$/.test(
        keyword(word),
      ),
  )
  const kind = keyword(words[object])
  if (kind === 'DATABASE' || kind === 'SCHEMA') {
    const name = words[skipExists(words, object + 1)]?.text
    return verb === 'DROP' && name !== undefined && isCaptured(name) ? `${name}.*` : undefined
  }
  if (kind !== 'TABLE' && kind !== 'TABLES') return undefined
  const names = tableNames(words, object + 1, schema)
  if (verb === 'ALTER') {
    const rest = words.slice(skipExists(words, object + 1)).map(keyword)
    const onlyCounter =
      rest.at(-1) !== undefined &&
      /^\d+$/.test(rest.at(-1)!) &&
      rest.at(rest.at(-2) === '=' ? -3 : -2) === 'AUTO_INCREMENT'
    return onlyCounter && !rest.includes(',') ? undefined : captured(names.slice(0, 1))?.table
  }
  if (verb === 'DROP' || verb === 'RENAME') return captured(names)?.table
  if (verb === 'CREATE' && words.slice(0, object).some(word => keyword(word) === 'REPLACE'))
    return captured(names.slice(0, 1))?.table
  return undefined
}

/** The names from `at` on, each with its schema: `a, b.c TO d` → a, b.c, d. */
function tableNames(words: readonly Word[], at: number, schema: string): { schema: string; table: string }[] {
  const names: { schema: string; table: string }[] = []
  let index = skipExists(words, at)
  while (index < words.length) {
    const name = nameAt(words, index, schema)
    if (name !== undefined) names.push(name)
    index += words[index + 1]?.text === '.' ? 3 : 1
  }
  return names
}

function nameAt(
  words: readonly Word[],
  at: number,
  schema: string,
): { schema: string; table: string } | undefined {
  const word = words[at]
  if (word === undefined || (!word.quoted && !/^[\p{L}\p{N}_$]+$/u.test(word.text))) return undefined
  if (words[at - 1]?.text === '.' && words[at - 2] !== undefined)
    return { schema: words[at - 2]!.text, table: word.text }
  if (words[at + 1]?.text === '.' && words[at + 2] !== undefined)
    return { schema: word.text, table: words[at + 2]!.text }
  return { schema, table: word.text }
}

function skipExists(words: readonly Word[], at: number): number {
  let index = at
  while (['IF', 'NOT', 'EXISTS'].includes(keyword(words[index]))) index++
  return index
}

function keyword(word: Word | undefined): string {
  return word === undefined || word.quoted ? '' : word.text.toUpperCase()
}

/** Words, quoted names and marks; text in quotes and comments left out, executable comments read. */
function readWords(query: string): Word[] {
  const pattern =
    /\/\*[!M]!?\d*|\*\/|\/\*[\s\S]*?\*\/|--[ \t][^\n]*|#[^\n]*|'(?:[^'\\]|\\.|'')*'|"(?:[^"\\]|\\.|"")*"|`((?:[^`]|``)*)`|([\p{L}\p{N}_$@]+)|([^\s])/gu
  const words: Word[] = []
  for (const match of query.matchAll(pattern)) {
    if (match[1] !== undefined) words.push({ text: match[1].replaceAll('``', '`'), quoted: true })
    else if (match[0].startsWith('"')) words.push({ text: match[0].slice(1, -1), quoted: true })
    else if (match[2] !== undefined || match[3] !== undefined) words.push({ text: match[0], quoted: false })
  }
  return words
}
