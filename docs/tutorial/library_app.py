"""The library: a SOAP service of the kind that this tutorial moves. It knows nothing of strangler.

    DATABASE=127.0.0.1:3399 PORT=9001 python3 library_app.py
"""
import datetime
import os
import signal
import sys
from decimal import Decimal as Amount
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pymysql
from spyne import Application, DateTime, Decimal, Fault, Integer, Iterable, ServiceBase, Unicode, rpc
from spyne.model.complex import ComplexModel
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

HOST, PORT = os.environ.get('DATABASE', '127.0.0.1:3399').split(':')
NAMESPACE = 'urn:library'


class Book(ComplexModel):
    __namespace__ = NAMESPACE
    bookNo = Integer(min_occurs=1)
    title = Unicode(min_occurs=1)
    author = Unicode(min_occurs=1)
    price = Decimal(min_occurs=1)
    addedAt = DateTime(min_occurs=1, timezone=False)


class Loan(ComplexModel):
    __namespace__ = NAMESPACE
    loanNo = Integer(min_occurs=1)
    memberNo = Integer(min_occurs=1)
    bookNo = Integer(min_occurs=1)


def database():
    return pymysql.connect(host=HOST, port=int(PORT), user='library', password='library',
                           database='library', charset='utf8mb4', autocommit=True,
                           cursorclass=pymysql.cursors.DictCursor,
                           init_command="SET time_zone = '+00:00'")


def query(sql, *values):
    with database() as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.lastrowid, cursor.fetchall()


def book_of(row):
    return Book(bookNo=row['BOOK_NO'], title=row['TITLE'], author=row['AUTHOR'],
                price=row['PRICE'], addedAt=row['ADDED_AT'])


def find_book(number):
    rows = query('SELECT * FROM BOOK WHERE BOOK_NO = %s', number)[1]
    if not rows:
        raise Fault('Client.BookNotFound', f'there is no book {number}')
    return book_of(rows[0])


class Books(ServiceBase):
    @rpc(Integer(min_occurs=1), _returns=Book)
    def GetBook(ctx, bookNo):
        return find_book(bookNo)

    @rpc(Unicode(min_occurs=1), _returns=Iterable(Book))
    def FindBooks(ctx, author):
        return [book_of(row) for row in
                query('SELECT * FROM BOOK WHERE AUTHOR = %s ORDER BY BOOK_NO LIMIT 100', author)[1]]

    @rpc(Unicode(min_occurs=1), Unicode(min_occurs=1), Decimal(min_occurs=1), _returns=Book)
    def AddBook(ctx, title, author, price):
        if price < 0:
            raise Fault('Client.PriceInvalid', 'a price is not negative')
        now = datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)
        number, _ = query('INSERT INTO BOOK (TITLE, AUTHOR, PRICE, ADDED_AT) VALUES (%s, %s, %s, %s)',
                          title, author, price.quantize(Amount('0.01')), now)
        return find_book(number)


class Loans(ServiceBase):
    @rpc(Integer(min_occurs=1), Integer(min_occurs=1), _returns=Loan)
    def LendBook(ctx, memberNo, bookNo):
        number, _ = query('INSERT INTO LOAN (MEMBER_NO, BOOK_NO) VALUES (%s, %s)', memberNo, bookNo)
        return Loan(loanNo=number, memberNo=memberNo, bookNo=bookNo)


class Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        pass


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    application = Application([Books, Loans], NAMESPACE, name='Library',
                              in_protocol=Soap11(validator='lxml'), out_protocol=Soap11())
    port = int(os.environ.get('PORT', '9001'))
    server = make_server('127.0.0.1', port, WsgiApplication(application), handler_class=Quiet)
    print(f'the library answers at http://127.0.0.1:{port}/?wsdl', flush=True)
    server.serve_forever()
