"""yt-dlp as one warm process: a question per line on stdin, an answer per line on stdout, both JSON.

Question: {"id": 1, "url": "https://…", "options": {…}, "fields": {"page": ["…"], "format": ["…"]}, "cookies": "a Netscape file, or absent"}.
Answer: {"id": 1, "info": {…} | null, "complaint": "…"}; of a page and its formats come the fields that were asked for.
An import takes most of a second, a question then some milliseconds and the site's own time.
"""

import concurrent.futures
import io
import json
import sys
import threading

import yt_dlp

answers = sys.stdout
# What extractors print must not stand among the answers.
sys.stdout = sys.stderr
writing = threading.Lock()


class Complaints:
    def __init__(self):
        self.lines = []

    def debug(self, line):
        pass

    def info(self, line):
        pass

    def warning(self, line):
        self.lines.append(line)

    def error(self, line):
        self.lines.append(line)


def pick(values, names):
    return {name: values[name] for name in names if values.get(name) is not None}


def ask(question):
    complaints = Complaints()
    info = None
    try:
        options = {**question["options"], "logger": complaints}
        if question.get("cookies"):
            # In memory: yt-dlp reads it, and writes back what the site changed, which is dropped.
            options["cookiefile"] = io.StringIO(question["cookies"])
        with yt_dlp.YoutubeDL(options) as ydl:
            found = ydl.sanitize_info(ydl.extract_info(question["url"], download=False)) or {}
            fields = question["fields"]
            info = pick(found, fields["page"])
            info["formats"] = [pick(each, fields["format"]) for each in found.get("formats") or []]
    except BaseException as error:  # noqa: BLE001  an extractor may even exit
        complaints.lines.append(str(error))
    answer = {"id": question["id"], "info": info, "complaint": "\n".join(complaints.lines)[-4000:]}
    with writing:
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


with concurrent.futures.ThreadPoolExecutor(max_workers=8) as pool:
    for line in sys.stdin:
        pool.submit(ask, json.loads(line))
