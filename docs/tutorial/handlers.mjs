// The service of the books, written: the same answers as the library's, from tables of its own.
export function fault(status, detail) {
  return Object.assign(new Error(detail), { status })
}

const columns = 'SELECT id, title, author, price, added_at FROM book'

export async function GetBook({ bookNo }, database) {
  const [[row]] = await database.query(`${columns} WHERE id = ?`, [bookNo])
  if (row === undefined) throw fault(404, `there is no book ${bookNo}`)
  return { GetBookResult: bookOf(row) }
}

export async function FindBooks({ author }, database) {
  const [rows] = await database.query(`${columns} WHERE author = ? ORDER BY id LIMIT 100`, [author])
  return { FindBooksResult: { Book: rows.map(bookOf) } }
}

export async function AddBook({ title, author, price }, database) {
  if (Number(price) < 0) throw fault(422, 'a price is not negative')
  const [{ insertId }] = await database.query(
    'INSERT INTO book (title, author, price, added_at) VALUES (?, ?, ?, UTC_TIMESTAMP())',
    [title, author, price],
  )
  const { GetBookResult } = await GetBook({ bookNo: String(insertId) }, database)
  return { AddBookResult: GetBookResult }
}

function bookOf({ id, title, author, price, added_at: addedAt }) {
  return { bookNo: String(id), title, author, price, addedAt: addedAt.replace(' ', 'T') }
}
