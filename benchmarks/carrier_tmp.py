import itertools
import time
from collections import Counter

from aiohttp import web


class Stub:
    def __init__(self, seen):
        self.seen = seen
        self.n = itertools.count()
        self.count = Counter()

    async def start(self):
        app = web.Application()
        app.router.add_post("/raw", self.raw)
        app.router.add_post("/2010-04-01/Accounts/{sid}/Messages.json", self.message)
        app.router.add_get("/2010-04-01/Accounts/{sid}/Messages.json", self.list)
        self.runner = web.AppRunner(app, access_log=None)
        await self.runner.setup()
        site = web.TCPSite(self.runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{site._server.sockets[0].getsockname()[1]}"

    async def raw(self, r):
        at = time.monotonic()
        b = (await r.text()).split()
        self.seen(b[0], b[1], at)
        return web.Response(text="ok")

    async def list(self, r):
        return web.json_response({"messages": [], "next_page_uri": None})

    async def message(self, r):
        at = time.monotonic()
        f = await r.post()
        self.count[f["To"]] += 1
        self.seen(f["To"], str(self.count[f["To"]]), at)
        return web.json_response(
            {
                "sid": f"SM{next(self.n):032x}",
                "status": "queued",
                "to": f["To"],
                "from": f.get("From"),
                "body": f["Body"],
                "date_created": "Thu, 15 Jan 2026 17:00:00 +0000",
                "num_segments": "2",
            },
            status=201,
        )
