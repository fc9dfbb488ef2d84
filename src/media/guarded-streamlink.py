"""Runs streamlink with arguments that come as one JSON line on stdin, so that no process list shows them, without its
access to files: a manifest that names file:///etc/passwd gets nothing, whatever the version (CVE-2026-44353), and
without the second reading of a DASH window when a broadcast ends."""

import json
import sys
from collections import OrderedDict

import requests

given = json.loads(sys.stdin.readline())
mount = requests.Session.mount
begin = requests.Session.__init__

# More segments than any window lists.
REMEMBERED = 5000


def mount_no_files(session, prefix, adapter):
    if not prefix.lower().startswith("file"):
        mount(session, prefix, adapter)


def begin_with_cookies(session, *args, **kwargs):
    """Each goes to the hosts it belongs to only."""
    begin(session, *args, **kwargs)
    for line in (given.get("cookies") or "").splitlines():
        fields = line.removeprefix("#HttpOnly_").split("\t")
        if len(fields) != 7:
            continue
        domain, _, path, secure, expires, name, value = fields
        session.cookies.set(name, value, domain=domain, path=path, secure=secure == "TRUE", expires=int(expires) or None)


def each_once(iterate):
    """A manifest that becomes static lists its whole window once more."""

    def iterate_once(worker):
        seen = OrderedDict()
        for segment in iterate(worker):
            num = getattr(segment, "num", -1)
            name = num if num > -1 else str(segment.uri).split("?")[0]
            key = (name, segment.init, segment.byterange)
            if key in seen:
                continue
            seen[key] = True
            if len(seen) > REMEMBERED:
                seen.popitem(last=False)
            yield segment

    return iterate_once


requests.Session.mount = mount_no_files
requests.Session.__init__ = begin_with_cookies

try:
    # The class moved and its segments changed; an old one goes without.
    from streamlink.stream.dash.dash import DASHStreamWorker

    DASHStreamWorker.iter_segments = each_once(DASHStreamWorker.iter_segments)
except ImportError:
    pass

from streamlink_cli.main import main  # noqa: E402  after the patches, before the first session

sys.argv = ["streamlink", *given["args"]]
sys.exit(main())
