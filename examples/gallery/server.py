#!/usr/bin/env python3
"""server.py CONFIGURATION [ROLE]: stands in for PostgREST where that is not at hand, for the page beside it and its tests.

It reads PostgREST's configuration and answers /rpc/FUNCTION as PostgREST does: a transaction for each request, with the role of the caller's key and
its settings, request.headers and request.method; response.headers and response.status are sent.  It needs libpq.  With a ROLE it prints a key for that."""
import base64, ctypes, hmac, json, pathlib, queue, re, sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

MAX_BODY, BYTEA = 64 * 1024 * 1024, 17  # bytes; a type
pq = ctypes.CDLL('libpq.so.5')
pq.PQconnectdb.restype = pq.PQexecParams.restype = ctypes.c_void_p
pq.PQgetvalue.restype = pq.PQresultErrorField.restype = pq.PQerrorMessage.restype = ctypes.c_char_p


class Failure(Exception):
    def __init__(self, status, message, code=None):
        self.status, self.message, self.code = status, message, code


def connect(uri):
    session = ctypes.c_void_p(pq.PQconnectdb(uri.encode()))
    return sys.exit(pq.PQerrorMessage(session).decode()) if pq.PQstatus(session) else session


def query(session, sql, *values):
    """The first row, as texts.  Values are parameters: texts, bytes or None."""
    count = len(values)
    data = [value.encode() if isinstance(value, str) else value for value in values]
    binary = [isinstance(value, bytes) for value in values]
    result = ctypes.c_void_p(pq.PQexecParams(
        session, sql.encode(), count, (ctypes.c_uint * count)(*(BYTEA * is_bytes for is_bytes in binary)), (ctypes.c_char_p * count)(*data),
        (ctypes.c_int * count)(*(len(value or b'') for value in data)), (ctypes.c_int * count)(*binary), 0))
    try:
        if pq.PQresultStatus(result) not in (1, 2):  # of a command, rows
            code, message = (pq.PQresultErrorField(result, ord(field)) for field in 'CM')
            raise Failure(None, (message or b'the database does not answer').decode(), (code or b'08006').decode())
        cells = range(pq.PQnfields(result)) if pq.PQntuples(result) else ()
        return [None if pq.PQgetisnull(result, 0, i) else pq.PQgetvalue(result, 0, i).decode() for i in cells]
    finally:
        pq.PQclear(result)


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def sign(text):
    return encoded(hmac.new(settings['jwt-secret'].encode(), text.encode(), 'sha256').digest())


def role_of(authorization):
    """The role of a JSON Web Token, or of those who have none."""
    if authorization is None:
        return settings['db-anon-role']
    try:
        signed, signature = authorization.removeprefix('Bearer ').rsplit('.', 1)
        head, claims = (json.loads(base64.urlsafe_b64decode(part + '==')) for part in signed.split('.'))
        if head['alg'] == 'HS256' and hmac.compare_digest(signature, sign(signed)):
            return claims['role']
    except (ValueError, KeyError, TypeError):
        pass
    raise Failure(401, 'the key is not valid')


def literal(value):
    """A value of JSON as PostgreSQL reads it."""
    if isinstance(value, list):
        return '{' + ','.join(json.dumps(str(literal(item)), ensure_ascii=False) for item in value) + '}'
    return value if value is None or isinstance(value, str) else json.dumps(value)


def run(session, method, name, arguments, headers, role):
    """Call a function; status, headers and body of the answer."""
    schema = settings['db-schemas']
    if pq.PQstatus(session):
        pq.PQreset(session)
    found = query(session, """SELECT json_build_object('arguments', COALESCE(p.proargnames, '{}'), 'volatile', p.provolatile = 'v', 'set', p.proretset, 'type', t.typname)
        FROM pg_proc AS p JOIN pg_type AS t ON t.oid = p.prorettype WHERE p.pronamespace = $1::regnamespace AND p.proname = $2""", schema, name)
    known = json.loads(found[0]) if found else {'arguments': []}
    names, values = (list(arguments), [literal(value) for value in arguments.values()]) if isinstance(arguments, dict) else ([], [arguments])
    if not found or not set(names) <= set(known['arguments']):
        raise Failure(404, 'there is no such function', 'PGRST202')
    call = '"{}"."{}"({})'.format(schema, name, ', '.join(f'"{argument}" => ${i}' for i, argument in enumerate(names, 1)) or ('$1' if values else ''))
    query(session, 'BEGIN ' + ('READ WRITE' if known['volatile'] and method == 'POST' else 'READ ONLY'))
    try:
        query(session, """SELECT set_config('role', $1, true), set_config('request.method', $2, true), set_config('request.headers', $3, true),
            (SELECT count(set_config(split_part(s, '=', 1), substr(s, strpos(s, '=') + 1), true)) FROM pg_roles AS r, unnest(r.rolconfig) AS s WHERE r.rolname = $1)""",
              role, method, json.dumps({key.lower(): value for key, value in headers.items()}))
        body, = query(session, f"SELECT COALESCE(json_agg(r), '[]') FROM {call} AS r" if known['set'] else f'SELECT {call}', *values)
        status, extra = query(session, "SELECT current_setting('response.status', true), current_setting('response.headers', true)")
        query(session, 'COMMIT')
    except Exception as failure:
        query(session, 'ROLLBACK')
        if isinstance(failure, Failure):
            statuses = {'42501': 401 if role == settings['db-anon-role'] else 403, '42883': 404, '25006': 405, '57014': 504}
            failure.status = statuses.get(failure.code, 503 if failure.code[:2] in ('08', '53', '57') else 400)
        raise
    own = {name: value for header in json.loads(extra or '[]') for name, value in header.items()}
    return int(status or 200), {'Content-Type': 'application/json; charset=utf-8', **own}, bytes.fromhex(body[2:]) if known['type'] == '*/*' else (body or 'null').encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version, timeout = 'HTTP/1.1', 60

    def answer(self):
        sizes = self.headers.get_all('Content-Length', ['0'])
        if 'Transfer-Encoding' in self.headers or len(sizes) > 1 or not re.fullmatch('[0-9]{1,15}', sizes[0]) or int(sizes[0]) > MAX_BODY:
            self.close_connection = True  # where the next request begins is not known
            raise Failure(413, 'the file is too large')
        arguments, url = self.rfile.read(int(sizes[0])), urlsplit(self.path)
        if url.path == '/':
            return 200, {'Content-Type': 'text/html; charset=utf-8'}, pathlib.Path(__file__).with_name('index.html').read_bytes()
        if self.command != 'POST':
            arguments = dict(parse_qsl(url.query))
        elif self.headers.get('Content-Type', '').startswith('application/json'):
            arguments = dict(json.loads(arguments))
        role, session = role_of(self.headers.get('Authorization')), sessions.get()
        try:
            return run(session, self.command, url.path.removeprefix('/rpc/'), arguments, self.headers, role)
        finally:
            sessions.put(session)

    def do_GET(self):
        try:
            status, headers, body = self.answer()
        except (Failure, ValueError, TypeError, RecursionError) as failure:
            answer = {'code': getattr(failure, 'code', None), 'message': getattr(failure, 'message', 'the request is not valid')}
            status, headers, body = getattr(failure, 'status', 400) or 503, {'Content-Type': 'application/json'}, json.dumps(answer).encode()
        self.send_response(status)
        for name, value in {**headers, **({} if status == 304 else {'Content-Length': len(body)})}.items():
            self.send_header(name, re.sub('[\r\n]', ' ', str(value)))
        self.end_headers()
        self.wfile.write(body if self.command != 'HEAD' else b'')

    do_HEAD = do_POST = do_GET
    log_message = staticmethod(lambda *_: None)


settings = dict(re.findall(r'^([\w-]+)\s*=\s*"?(.*?)"?$', pathlib.Path(sys.argv[1]).read_text(), re.M))
assert len(settings['jwt-secret']) >= 32, 'jwt-secret must have at least 32 characters'
if len(sys.argv) > 2:
    token = '.'.join(encoded(json.dumps(part).encode()) for part in ({'alg': 'HS256', 'typ': 'JWT'}, {'role': sys.argv[2]}))
    sys.exit(print(f'{token}.{sign(token)}'))
sessions = queue.Queue()
for _ in range(int(settings['db-pool'])):
    sessions.put(connect(settings['db-uri']))
server = ThreadingHTTPServer((settings['server-host'], int(settings['server-port'])), Handler)
print(f'http://{settings["server-host"]}:{server.server_port}/', flush=True)
server.serve_forever()
