"""A client of the library, unchanged by anything that this tutorial does: it reads books and adds some.

    LIBRARY=http://127.0.0.1:8080/ python3 client.py [--requests 300] [--pause 0.01]
"""
import argparse
import os
import re
import urllib.request

URL = os.environ.get('LIBRARY', 'http://127.0.0.1:9001/')
ENVELOPE = ('<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
            '<{name} xmlns="urn:library">{content}</{name}></soap:Body></soap:Envelope>')


def call(name, **fields):
    content = ''.join(f'<{key}>{value}</{key}>' for key, value in fields.items())
    body = ENVELOPE.format(name=name, content=content).encode()
    request = urllib.request.Request(URL, data=body, headers={
        'Content-Type': 'text/xml; charset=utf-8', 'SOAPAction': f'"{name}"'})
    with urllib.request.urlopen(request, timeout=10) as response:
        return response.headers.get('Strangler-Side', 'monolith'), response.read().decode()


def number_of(reply):
    return int(re.search(r'bookNo>(\d+)<', reply).group(1))


if __name__ == '__main__':
    parser = argparse.ArgumentParser()
    parser.add_argument('--requests', type=int, default=300)
    arguments = parser.parse_args()
    sides, added = {}, []
    for turn in range(arguments.requests):
        if turn % 10 == 9:
            side, reply = call('AddBook', title=f'New volume {turn}', author='Lem', price='12.50')
            added.append(number_of(reply))
        elif turn % 10 == 4:
            side, reply = call('FindBooks', author='Borges')
        else:
            side, reply = call('GetBook', bookNo=1 + turn * 7 % 2000)
        sides[side] = sides.get(side, 0) + 1
    missing = [number for number in added if f'>{number}<' not in call('GetBook', bookNo=number)[1]]
    print(f'{arguments.requests} requests answered, by {sides}; '
          f'{len(added)} books added, {len(missing)} of them missing')
    raise SystemExit(1 if missing else 0)
