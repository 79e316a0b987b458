"""kill -9 at random moments, at every write to the state, and around every answer of a receiver, while an alert fires and resolves in turn: every message
that was ever committed is delivered, in order, every firing is followed by its resolve, and a message comes twice only where its acknowledgement had
not been written down."""
import datetime
import json
import os
import pathlib
import random
import shutil
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

import stack
from receiver import Receiver, ok
from stack import Redis, free_port, wait_for

KILLS, AGENTS = 208, 4
MOMENTS = ("random", "write", "request", "answer")


def milliseconds(text):
    return round(datetime.datetime.fromisoformat(text).timestamp() * 1000)


class Book(Receiver):
    """Writes down in which life of the agent each message came."""

    def __init__(self, agent):
        self.agent, self.messages = agent, []
        super().__init__([self.play])

    def took(self, request):
        for alert in request.body["alerts"]:
            self.messages.append((self.agent.life, alert["status"], milliseconds(alert["startsAt"])))
        return super().took(request)

    def play(self, handler):
        if self.agent.moment == "request":
            self.agent.kill()
        ok(handler)
        if self.agent.moment == "answer":
            handler.wfile.flush()
            self.agent.kill()


class Agent(threading.Thread):
    """Lives, is killed, and lives again. Its alert fires while there is a second key in its database of Redis."""

    def __init__(self, number, redis):
        super().__init__()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="sonde-test-kill-"))
        self.db, self.redis, self.chance = str(number), redis, random.Random(number)
        self.life, self.moment, self.process, self.committed, self.error = 0, None, None, {}, None
        self.died, self.done = {m: 0 for m in MOMENTS}, False
        self.book = Book(self)
        self.state = self.folder / "state" / "state.db"
        rules = [{"alert": "Toggled", "expr": f'redis_db_keys{{db="db{number}"}} > 1'}]
        (self.folder / "rules.yml").write_text(json.dumps({"groups": [{"name": "g", "interval": "1s", "rules": rules}]}))
        (self.folder / "sonde.yml").write_text(json.dumps({
            "poll_interval": "1s", "state_dir": str(self.folder / "state"), "rules": ["rules.yml"], "targets": [{"name": "cache", "redis": redis.url()}],
            "receivers": [{"name": "book", "webhook": {"url": self.book.url()}}, {"name": "dead", "webhook": {"url": "http://127.0.0.1:1/"}}]}))
        self.cli("SET", "always", "1")

    def cli(self, *words):
        self.redis.cli("-n", self.db, *words)

    def live(self, moment):
        self.life, self.moment = self.life + 1, moment
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen([stack.SONDE, "run", f"--config.file={self.folder / 'sonde.yml'}", f"--web.listen-address=127.0.0.1:{free_port()}"],
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def kill(self):
        self.moment = None
        self.process.kill()

    def written(self):
        try:
            found = os.stat(f"{self.state}-wal")
            return found.st_size, found.st_mtime_ns
        except OSError:
            return None

    def kill_at_write(self, number):
        """As soon as the state was written for the n-th time in this life."""
        before, end = self.written(), time.monotonic() + 4
        while number and time.monotonic() < end:
            now = self.written()
            if now != before:
                before, number = now, number - 1
            time.sleep(0.0002)
        self.kill()

    def meet_the_end(self, moment):
        if moment == "write":
            self.kill_at_write(self.chance.randint(1, 8))
        elif moment == "random":
            time.sleep(self.chance.uniform(0, 3))
            self.kill()
        else:
            try:
                self.process.wait(4)
            except subprocess.TimeoutExpired:
                self.kill()  # nothing was to be sent
        self.process.wait()

    def note_committed(self):
        """What the state holds for the receiver, read from a copy so that the next life finds what this one left."""
        with tempfile.TemporaryDirectory(prefix="sonde-test-") as copy:
            for file in (self.state, pathlib.Path(f"{self.state}-wal")):
                if file.exists():
                    shutil.copy(file, copy)
            if not (pathlib.Path(copy) / "state.db").exists():
                return 0
            db = sqlite3.connect(pathlib.Path(copy) / "state.db")
            try:
                rows = db.execute("SELECT id, body FROM notifications WHERE receiver = 'book' ORDER BY id").fetchall()
            except sqlite3.OperationalError as error:
                assert "no such table" in str(error), error  # killed before it was made
                rows = []
            db.close()
        for number, body in rows:
            body = json.loads(body)
            self.committed[number] = ("firing" if body["firing"] else "resolved", body["starts_at"])
        return len(rows)

    def is_settled(self):
        came = [message[1:] for message in self.book.messages]
        return came and came[-1][0] == "resolved" and set(self.committed.values()) <= set(came)

    def run(self):
        try:
            for number in range(KILLS // AGENTS):
                moment = MOMENTS[number % len(MOMENTS)]
                self.cli("SET", "toggle", "1") if number // 2 % 2 == 0 else self.cli("DEL", "toggle")
                self.live(moment)
                self.meet_the_end(moment)
                self.died[moment] += 1
                self.note_committed()
            self.cli("DEL", "toggle")
            self.live(None)
            wait_for(f"everything to be delivered; committed {self.committed}, came {self.book.messages}", self.is_settled)
            self.book.settle()
            self.process.terminate()
            self.process.wait(60)
            assert self.note_committed() == 0, "something is left in the outbox"
        except BaseException as error:  # the test's thread raises it
            self.error = error

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.book.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Kill(unittest.TestCase):
    def judge(self, agent):
        """Every message may come again directly after itself, in a later life; otherwise firing and resolve take turns."""
        seen, last, again = [], None, 0
        for life, status, start in agent.book.messages:
            if last and last[1:] == (status, start):
                self.assertGreater(life, last[0], f"sent twice in one life: {agent.book.messages}")
                again += 1
            else:
                self.assertNotIn((status, start), seen, f"sent again after another was: {agent.book.messages}")
                seen.append((status, start))
            last = (life, status, start)
        self.assertEqual([status for status, _ in seen], ["firing", "resolved"] * (len(seen) // 2), seen)
        for firing, resolved in zip(seen[::2], seen[1::2]):
            self.assertEqual(firing[1], resolved[1], "a resolve is about the firing before it")
        self.assertLessEqual(set(agent.committed.values()), set(seen))
        return len(seen) // 2, again

    def test_nothing_is_lost(self):
        with Redis("--databases", str(AGENTS)) as redis:
            agents = [Agent(number, redis) for number in range(AGENTS)]
            for agent in agents:
                self.addCleanup(agent.close)
                agent.start()
            for agent in agents:
                agent.join()
            for agent in agents:
                if agent.error:
                    raise AssertionError(f"log:\n{(agent.folder / 'log').read_text()[-4000:]}") from agent.error
            fired, again = (sum(numbers) for numbers in zip(*[self.judge(agent) for agent in agents]))
        died = {moment: sum(agent.died[moment] for agent in agents) for moment in MOMENTS}
        print(f"\n{sum(died.values())} kills {died}: {fired} alerts fired and resolved, {again} messages came twice")
        self.assertGreaterEqual(sum(died.values()), 200)
        self.assertGreater(fired, KILLS // 16, "too little happened to prove anything")


if __name__ == "__main__":
    unittest.main()
