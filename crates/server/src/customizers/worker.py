"""The process in which a customizer runs.

Frames (four bytes of length, big-endian, then JSON in UTF-8) come and go by the socket that this program is started with in place of its
standard input; it moves to descriptor 3, so that nothing the customizer prints or reads is part of them. One request at a time:

  inspect {code, stem}              what is in the code, without running it
  load    {code, class_name, ivr}   runs the code and makes the one instance
  call    {id, method, params, call}
  ping, quit
"""

import ast
import asyncio
import base64
import ctypes
import datetime
import decimal
import faulthandler
import inspect
import io
import json
import math
import os
import re
import resource
import signal
import socket
import struct
import sys
import traceback
import types

MAX_RESULT = 1 << 20
MAX_VARIABLES = 1000
MAX_FRAME = 4 << 20
MAX_DEPTH = 64
MAX_MESSAGE = 500
MAX_LOG_LINES = 100
MAX_LOG_TEXT = 1000
MAX_METHODS = 200
CAPABILITY_VERSION_3 = 0x20080522
PR_SET_PDEATHSIG = 1
PR_SET_NO_NEW_PRIVS = 38
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}\Z")
SECOND = ("call", "ctx", "context", "ivr")


class BadResult(Exception):
    """A value that is none of JSON, or too large."""


class BadMethod(Exception):
    """No such method, or not with these parameters."""


def confine():
    """A process group of its own, limits, and an end with the server."""
    server = os.getppid()
    os.setsid()
    os.nice(5)  # sound goes first
    os.umask(0o077)
    try:
        with open("/proc/self/oom_score_adj", "w", encoding="ascii") as score:
            score.write("1000")  # where memory runs out, the kernel takes this process and not the server
    except OSError:
        pass
    libc = ctypes.CDLL(None, use_errno=True)
    # Whatever the server may do beside its user, such as real-time priority, is nothing for a customizer (capset(2)).
    if libc.capset((ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0), (ctypes.c_uint32 * 6)()) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    for option, argument in ((PR_SET_PDEATHSIG, signal.SIGKILL), (PR_SET_NO_NEW_PRIVS, 1)):
        if libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0) != 0:
            raise OSError(ctypes.get_errno(), "prctl(%d)" % option)
    if os.getppid() != server:
        os._exit(0)
    limits = json.loads(os.environ.pop("CUSTOMIZER_LIMITS", "{}"))
    for name, value in limits.items():
        which = getattr(resource, name)
        most = resource.getrlimit(which)[1]
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(which, (value, value))


def channel():
    """The socket at descriptor 3, and nothing at descriptor 0."""
    if os.dup(0) == 3:
        os.set_inheritable(3, False)
    else:
        os.dup2(0, 3, inheritable=False)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    sock = socket.socket(fileno=3)
    # A child that lives on would hold it open, and nobody would see that this process died.
    os.register_at_fork(after_in_child=sock.close)
    return sock


def read_exactly(sock, count):
    parts = []
    while count > 0:
        part = sock.recv(min(count, 1 << 16))
        if not part:
            os._exit(0)
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def read_frame(sock):
    (length,) = struct.unpack(">I", read_exactly(sock, 4))
    if length > MAX_FRAME:
        os._exit(3)
    return json.loads(read_exactly(sock, length))


def encode(value):
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")


def write_frame(sock, message):
    payload = encode(message)
    sock.sendall(struct.pack(">I", len(payload)) + payload)


def cut(text, most):
    return text if len(text) <= most else text[: most - 1] + "\u2026"


def clean(text):
    """A text that UTF-8 has an encoding for."""
    return str(text).encode("utf-8", "replace").decode("utf-8")


def plain(value, depth=0):
    """A value as JSON has it."""
    if depth > MAX_DEPTH:
        raise BadResult("it has more than %d levels, or contains itself" % MAX_DEPTH)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        if not -(1 << 63) <= value < (1 << 64):
            raise BadResult("an integer has more than 64 bits")
        return int(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise BadResult("%r is no number of JSON" % value)
        return float(value)
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            raise BadResult("a text has half of a surrogate pair") from None
        return str.__str__(value)  # a member of an enumeration has a __str__ of its own
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, (datetime.datetime, datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, decimal.Decimal):
        return str(value)
    if isinstance(value, dict):
        return {key_of(key): plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)) or is_row(value):
        return [plain(item, depth + 1) for item in value]
    raise BadResult("a value of type %s is none of JSON" % type(value).__name__)


def key_of(key):
    if not isinstance(key, str):
        raise BadResult("a key of type %s is no text" % type(key).__name__)
    return plain(key)


def is_row(value):
    return type(value).__module__ == "pyodbc" and type(value).__name__ == "Row"


class Call:
    """The call, as a method sees it. What is written takes effect once the method has returned."""

    def __init__(self, about):
        self.id = about.get("id", "")
        self.from_number = about.get("from_number", "")
        self.to_number = about.get("to_number", "")
        self.language = about.get("language", "")
        self.vars = types.MappingProxyType(dict(about.get("vars", [])))
        self.extra_data = dict(about.get("extra_data", []))
        self.headers = dict(about.get("headers", []))
        self._attached = encode(self.extra_data)
        self._may_move = bool(about.get("flow"))
        self._vars = {}
        self._changes = {}
        self._log = []

    def get_var(self, name, default=None):
        return self._vars[name] if name in self._vars else self.vars.get(name, default)

    def set_var(self, name, value):
        if not isinstance(name, str) or not NAME.match(name):
            raise ValueError("set_var: %r is no name of a variable" % (name,))
        if name == "session":
            raise ValueError("set_var: session variables are not written")
        if name not in self._vars and len(self._vars) >= MAX_VARIABLES:
            raise ValueError("set_var: more than %d variables" % MAX_VARIABLES)
        self._vars[name] = plain(value)

    def set_language(self, language):
        self._changes["language"] = clean(language)

    def set_priority(self, priority):
        self._changes["priority"] = plain(priority)

    def set_skills(self, skills):
        self._changes["skills"] = plain(skills)

    def goto(self, place):
        self._move({"goto": clean(place)})

    def throw(self, event, message=""):
        self._move({"throw": clean(event), "message": cut(clean(message), MAX_MESSAGE)})

    def _move(self, flow):
        if not self._may_move:
            raise PermissionError("this IVR does not let a customizer say where it goes on (allow_flow)")
        self._changes["flow"] = flow

    def log(self, level, text):
        if len(self._log) < MAX_LOG_LINES:
            self._log.append([cut(clean(level), 20), cut(clean(text), MAX_LOG_TEXT)])

    def changes(self):
        changes = dict(self._changes)
        if self._vars:
            changes["vars"] = [[name, value] for name, value in self._vars.items()]
        attached = plain(self.extra_data)
        if encode(attached) != self._attached:
            changes["extra_data"] = [[name, value] for name, value in attached.items()]
        if len(encode(changes)) > MAX_RESULT:
            raise BadResult("what it changes has more than %d bytes" % MAX_RESULT)
        return changes


def error_of(kind, error):
    """What is told of an exception; where it happened is for the log, without the lines of the code."""
    frames = traceback.extract_tb(error.__traceback__)
    places = ["%s line %d in %s" % (frame.filename, frame.lineno or 0, frame.name) for frame in frames]
    try:
        text = clean(error)
    except BaseException:  # an exception whose own __str__ fails
        text = ""
    name = type(error).__name__
    message = cut("%s: %s" % (name, text) if text else name, MAX_MESSAGE)
    return {"type": kind, "message": message, "traceback": cut("; ".join(clean(place) for place in places), 4000)}


def public(cls):
    """The names of the methods that may be called."""
    names = []
    for name in dir(cls):
        found = inspect.getattr_static(cls, name, None)
        if name.startswith("_") or isinstance(found, (type, property)):
            continue
        if callable(found) or isinstance(found, (staticmethod, classmethod)):
            names.append(name)
    return names[:MAX_METHODS]


def takes_ivr(cls):
    """Whether an instance is made with `ivr`: what the class itself wants, whatever its metaclass takes."""
    own = [getattr(cls, name) for name in ("__init__", "__new__") if getattr(cls, name) is not getattr(object, name)]
    try:
        parameters = list(inspect.signature(own[0]).parameters.values())[1:] if own else []
    except (TypeError, ValueError):
        return False
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if not positional:
        return any(p.kind == p.VAR_POSITIONAL for p in parameters)
    required = sum(p.default is p.empty for p in positional)
    return positional[0].name == "ivr" or len(positional) == 1 or required == 1


def bind(method, params, call):
    """Positional and keyword arguments, by the first rule that fits."""
    try:
        signature = inspect.signature(method)
    except (TypeError, ValueError):
        raise BadMethod("its signature cannot be read") from None
    parameters = list(signature.parameters.values())
    if not parameters:
        return (), {}
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) == len(parameters):
        if len(positional) == 1 and positional[0].name != "call":
            return (params,), {}
        if len(positional) == 2 and positional[1].name in SECOND:
            return (params, call), {}
    offered = dict(params)
    offered["call"] = call
    named, rest = {}, dict(params)
    for parameter in parameters:
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            continue
        required = parameter.default is parameter.empty
        if parameter.name in offered and parameter.kind != parameter.POSITIONAL_ONLY:
            named[parameter.name] = offered[parameter.name]
            rest.pop(parameter.name, None)
        elif required:
            raise BadMethod("its parameter %s is not among those that are given" % parameter.name)
    if any(p.kind == p.VAR_KEYWORD for p in parameters):
        named = {**rest, **named}
    return (), named


class Worker:
    """The loaded class, and its one instance."""

    def __init__(self):
        self.instance = None
        self.methods = []

    def inspect(self, request):
        tree = parse(base64.b64decode(request["code"]), "<code>")
        classes = {node.name: node for node in tree.body if isinstance(node, ast.ClassDef)}
        wanted = request.get("class_name") or next(iter(classes), None)
        kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
        body = classes[wanted].body if wanted in classes else []
        methods = [node.name for node in body if isinstance(node, kinds) and not node.name.startswith("_")]
        return {"ok": True, "classes": list(classes)[:MAX_METHODS], "methods": methods[:MAX_METHODS]}

    def load(self, request):
        name, ivr = request["class_name"], request["ivr"]
        code = compile(base64.b64decode(request["code"]), "%s_v%s.py" % (name, ivr.get("version")), "exec")
        module = types.ModuleType("customizer")
        sys.modules["customizer"] = module
        exec(code, module.__dict__)
        cls = module.__dict__.get(name)
        if not isinstance(cls, type):
            raise BadMethod("there is no class %s in the code" % name)
        self.instance = cls(ivr) if takes_ivr(cls) else cls()
        self.methods = public(cls)
        return {"ok": True, "methods": self.methods}

    def call(self, request):
        name = request["method"]
        if name not in self.methods:
            raise BadMethod("there is no method %s" % cut(clean(name), 64))
        call = Call(request["call"])
        args, named = bind(getattr(self.instance, name), dict(request["params"]), call)
        try:
            result = getattr(self.instance, name)(*args, **named)
            if inspect.iscoroutine(result):
                result = asyncio.run(result)
        except BaseException as error:
            return {"ok": False, "error": error_of("exception", error), "log": call._log}
        try:
            value = plain(result)
            if len(encode(value)) > MAX_RESULT:
                raise BadResult("it has more than %d bytes" % MAX_RESULT)
            return {"ok": True, "result": value, "changes": call.changes(), "log": call._log}
        except BadResult as error:
            return {"ok": False, "error": {"type": "badresult", "message": str(error)}, "log": call._log}

    def answer(self, request):
        op = request.get("op")
        try:
            if op == "inspect":
                return self.inspect(request)
            if op == "load":
                return self.load(request)
            if op == "call":
                return self.call(request)
            if op == "ping":
                return {"ok": True}
            return {"ok": False, "error": {"type": "badmethod", "message": "unknown request"}}
        except BadMethod as error:
            return {"ok": False, "error": {"type": "badmethod", "message": str(error)}}
        except SyntaxError as error:
            wrong = {"type": "syntax", "message": cut(clean(error.msg or "invalid syntax"), MAX_MESSAGE)}
            wrong.update(line=max(error.lineno or 1, 1), col=max(error.offset or 1, 1))
            return {"ok": False, "error": wrong}
        except BaseException as error:
            return {"ok": False, "error": error_of("exception", error)}


def resident():
    """The memory in use, in bytes (proc_pid_statm(5))."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def parse(code, name):
    try:
        return ast.parse(code, name)
    except ValueError as error:  # a NUL byte, in some versions of Python
        raise SyntaxError(str(error)) from None


def main():
    confine()
    sock = channel()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.argv = ["customizer"]
    here, worker = os.getpid(), Worker()
    while True:
        request = read_frame(sock)
        if request.get("op") == "quit":
            os._exit(0)
        # Where the end comes meanwhile, because it takes too long, the log has the line: the places in the code, no values.
        faulthandler.register(signal.SIGTERM, file=2, all_threads=False, chain=True)
        answer = worker.answer(request)
        if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:  # else the customizer has a handler of its own by now, which stays
            faulthandler.unregister(signal.SIGTERM)
        if os.getpid() != here:  # a child of the customizer's own that came back
            os._exit(0)
        answer.update(id=request.get("id", 0), memory=resident())
        write_frame(sock, answer)


main()
