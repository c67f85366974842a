"""A SOAP service by spyne, with the types a contract has to get right. Prints its URL and answers until killed."""
import importlib.util
import sys
import warnings

warnings.filterwarnings("ignore")


class SixMoves:
    """spyne 2.14 carries six 1.14, whose importer lacks the find_spec that Python 3.12 asks for."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        for importer in sys.meta_path:
            if type(importer).__name__ == "_SixMetaPathImporter" and name in importer.known_modules:
                return importlib.util.spec_from_loader(name, importer)
        return None


sys.meta_path.append(SixMoves)

import logging
from datetime import date, datetime, timezone
from decimal import Decimal as D
from wsgiref.simple_server import WSGIRequestHandler, make_server

from spyne import (
    AnyDict, Application, Array, Boolean, ByteArray, ComplexModel, Date, DateTime, Decimal, Double, Enum, Fault,
    Integer, Integer64, Iterable, Mandatory, ServiceBase, Unicode, XmlAttribute, rpc,
)
from spyne.protocol.soap import Soap11
from spyne.server.wsgi import WsgiApplication

logging.disable(logging.CRITICAL)
NS = "urn:stock:2010"
Colour = Enum("red", "green", type_name="Colour")


class Part(ComplexModel):
    __namespace__ = NS
    code = XmlAttribute(Unicode, use="required")
    name = Unicode(min_occurs=1)
    weight = Decimal(min_occurs=1)
    colour = Colour(min_occurs=0)
    note = Unicode(min_occurs=1, nillable=True)
    tags = Unicode(max_occurs="unbounded")


class Shelf(ComplexModel):
    __namespace__ = NS
    id = Integer64(min_occurs=1)
    checked = Date
    seen = DateTime
    full = Boolean
    load = Double
    label = ByteArray
    parts = Array(Part)


class LargeShelf(Shelf):
    __namespace__ = NS
    floors = Integer


class ShelfMissing(Fault):
    __namespace__ = NS


SHELF = dict(
    id=9007199254740993,
    checked=date(2024, 2, 29),
    seen=datetime(2024, 2, 29, 12, 34, 56, 789000, tzinfo=timezone.utc),
    full=False,
    load=0.1,
    label=[b"\x00\xffbytes"],
    parts=[
        Part(code="007", name='Größe <"A"> & Söhne 🚚 ]]>', weight=D("10.50"), colour="red", note=None, tags=["a", ""]),
        Part(code="8", name=" spaces ", weight=D("12345678901234567890.123456789"), note="", tags=[]),
    ],
)


class Stock(ServiceBase):
    @rpc(Integer64, _returns=Shelf, _throws=[ShelfMissing])
    def GetShelf(ctx, id):
        if id == 404:
            raise ShelfMissing("Client.ShelfMissing", "shelf 404 is missing")
        return Shelf(**{**SHELF, "id": id})

    @rpc(Unicode, Integer, _returns=Iterable(Unicode))
    def Repeat(ctx, text, times):
        return [text] * (times or 0)

    @rpc(Shelf, _returns=Shelf)
    def Echo(ctx, shelf):
        return shelf

    @rpc(Array(Part), _returns=Decimal)
    def Weigh(ctx, parts):
        return sum((part.weight for part in parts or []), D(0))

    @rpc(_returns=None)
    def Ping(ctx):
        return None

    @rpc()
    def Crash(ctx):
        raise RuntimeError("secret of the server")


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


application = Application([Stock], NS, in_protocol=Soap11(validator="lxml"), out_protocol=Soap11())
server = make_server("127.0.0.1", 0, WsgiApplication(application), handler_class=Quiet)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
