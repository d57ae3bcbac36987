"""auth0-api-python, behind the protocol that `benches/peers/measure.py` describes. Argument: the file of requests.

It takes RS256 tokens only, so its file is another than that of the other libraries; the proofs are ES256 there, too. It
detects no replay: that is left to the application.
"""

import asyncio
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from auth0_api_python import ApiClient, ApiClientOptions
from auth0_api_python.errors import BaseAuthError


class Peer:
    """The library, configured: DPoP only."""

    def __init__(self, setting: dict) -> None:
        self.setting = setting

    def server(self) -> ApiClient:
        """One that has seen nothing."""
        domain = urlsplit(self.setting["issuer"]).netloc
        options = ApiClientOptions(
            domain=domain,
            audience=self.setting["audience"],
            custom_fetch=self.fetch,
            dpop_required=True,
        )
        return ApiClient(options)

    async def fetch(self, url: str) -> dict:
        """What the issuer would answer: it has no server."""
        jwks_uri = self.setting["issuer"] + "jwks"
        if url == jwks_uri:
            return self.setting["jwks"]
        return {"issuer": self.setting["issuer"], "jwks_uri": jwks_uri}

    @staticmethod
    def headers(request: dict) -> dict[str, str]:
        """The request in the library's form."""
        headers = {"authorization": f"{request['scheme']} {request['token']}"}
        if request["proof"]:
            headers["dpop"] = request["proof"]
        return headers

    async def verify(self, server: ApiClient, headers: dict[str, str]) -> None:
        """Raises what the library refuses."""
        await server.verify_request(headers, self.setting["method"], self.setting["url"])


class Driver:
    """Obeys commands."""

    def __init__(self, path: Path) -> None:
        lines = [json.loads(line) for line in path.read_text().splitlines()]
        setting = next(line["setting"] for line in lines if "setting" in line)
        self.peer = Peer(setting)
        self.cases = {line["case"]["name"]: line["case"] for line in lines if "case" in line}
        valid = {"scheme": "DPoP", "token": setting["token"]}
        proofs = [line["proof"] for line in lines if "proof" in line]
        self.inputs = [self.peer.headers({**valid, "proof": proof}) for proof in proofs]
        self.server = self.peer.server()

    async def obey(self, command: dict) -> dict:
        match command["do"]:
            case "fresh":
                self.server = self.peer.server()
                return {}
            case "turn":
                return await self.measure(command["from"], command["count"])
            case "case":
                return await self.outcome(self.cases[command["name"]])
        raise ValueError(command)

    async def measure(self, start: int, count: int) -> dict:
        times = []
        for headers in self.inputs[start : start + count]:
            began = time.perf_counter_ns()
            await self.peer.verify(self.server, headers)
            times.append(time.perf_counter_ns() - began)
        return {"ns": times}

    async def outcome(self, case: dict) -> dict:
        server = self.peer.server()
        headers = self.peer.headers(case)
        for _ in range(case["times"] - 1):
            await self.peer.verify(server, headers)
        try:
            await self.peer.verify(server, headers)
        except BaseAuthError as error:
            return {"accepted": False, "refusal": str(error)}
        except Exception as error:  # noqa: BLE001 - it would become a 500: refused, but not by a rule
            return {"accepted": False, "refusal": f"{type(error).__name__}: {error}"}
        return {"accepted": True}


def main() -> None:
    driver = Driver(Path(sys.argv[1]))
    loop = asyncio.new_event_loop()
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        print(json.dumps(loop.run_until_complete(driver.obey(json.loads(line)))), flush=True)


if __name__ == "__main__":
    main()
