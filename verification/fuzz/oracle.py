"""Reads texts with Python itself: one question per line on stdin, one answer per line on stdout, both JSON.

A question is [kind, text]. An answer is {"value": ...}, or {"error": "..."} if Python rejects the text.
"""

import ast
import configparser
import io
import json
import re
import sys
import urllib.parse
import warnings

# Python warns of escapes that it does not know, and will reject them one day.
warnings.simplefilter('ignore')


class ForgivingInterpolation(configparser.BasicInterpolation):
    """Like ConfigParser, except that a % that begins neither %% nor %( is kept: our only extension."""

    def _interpolate_some(self, parser, option, accum, rest, section, map, depth):
        doubled = re.sub(r'%[%(]|%', lambda found: '%%' if found[0] == '%' else found[0], rest)
        super()._interpolate_some(parser, option, accum, doubled, section, map, depth)


def ini(text):
    """Reads a configuration file as ConfigParser reads it from disk."""
    parser = configparser.ConfigParser(interpolation=ForgivingInterpolation())
    parser.read_file(io.StringIO(text, newline=None))
    return {section: dict(parser.items(section)) for section in parser.sections()}


def literal(text):
    """Reads a value of CherryPy's files, with tuples as lists and numbers as JSON has them."""

    def plain(value):
        if isinstance(value, (list, tuple)):
            return [plain(item) for item in value]
        if value is None or isinstance(value, (str, bool, int, float)):
            return value
        raise ValueError('a kind of value that no setting has')

    return plain(ast.literal_eval(text))


def query(text):
    """Reads a query into names and values; bytes that are not UTF-8 become lone surrogates."""
    return urllib.parse.parse_qsl(text, keep_blank_values=True, errors='surrogateescape')


kinds = {'ini': ini, 'literal': literal, 'query': query}

for line in sys.stdin:
    kind, text = json.loads(line)
    try:
        answer = {'value': kinds[kind](text)}
    except (configparser.Error, ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        answer = {'error': f'{type(error).__name__}: {error}'}
    print(json.dumps(answer), flush=True)
