"""Calls a SOAP service by zeep: a WSDL's URL, and JSONL of [operation, arguments] on stdin; JSONL of results out."""
import json
import sys
from datetime import date, datetime
from decimal import Decimal

import zeep
from zeep.helpers import serialize_object


def plain(value):
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    return value


options = json.loads(sys.argv[2]) if len(sys.argv) > 2 else {}
wsse = None
if "username" in options:
    from zeep.wsse.username import UsernameToken

    wsse = UsernameToken(options["username"], options["password"], use_digest=options.get("digest", False))
client = zeep.Client(sys.argv[1], wsse=wsse)
for line in sys.stdin:
    operation, arguments = json.loads(line)
    try:
        result = getattr(client.service, operation)(**arguments)
        print(json.dumps({"result": plain(serialize_object(result, dict))}), flush=True)
    except zeep.exceptions.Fault as fault:
        detail = [] if fault.detail is None else [child.tag for child in fault.detail]
        print(json.dumps({"fault": fault.code, "message": fault.message, "detail": detail}), flush=True)
