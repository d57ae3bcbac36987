"""A resource server of uvicorn and auth0-api-python: DPoP only.

Environment: PORT, AUDIENCE, ISSUER_KEY (the key of `issuer.py`).
"""

import json
import os
from pathlib import Path

import uvicorn
from auth0_api_python import ApiClient, ApiClientOptions
from auth0_api_python.errors import BaseAuthError

import issuer

PORT = int(os.environ["PORT"])
ORIGIN = f"http://127.0.0.1:{PORT}"
JWKS_URI = f"{issuer.IDENTIFIER}jwks"
KEY = issuer.load_key(Path(os.environ["ISSUER_KEY"]))


async def fetch(url: str) -> dict:
    """What the issuer would answer: it has no server."""
    if url == JWKS_URI:
        return {"keys": [KEY.as_dict(private=False)]}
    return {"issuer": issuer.IDENTIFIER, "jwks_uri": JWKS_URI}


client = ApiClient(
    ApiClientOptions(
        domain=issuer.DOMAIN,
        audience=os.environ["AUDIENCE"],
        custom_fetch=fetch,
        dpop_required=True,
    )
)


def fields(scope: dict) -> dict[str, str]:
    """The header fields; one that was sent twice is one with both values (RFC 9110 §5.3)."""
    joined: dict[str, str] = {}
    for name, value in scope["headers"]:
        name, value = name.decode("latin-1"), value.decode("latin-1")
        joined[name] = f"{joined[name]}, {value}" if name in joined else value
    return joined


async def answer(scope: dict) -> tuple[int, dict[str, str], dict]:
    """Status, header fields and content."""
    url = ORIGIN + scope["raw_path"].decode("latin-1")
    try:
        claims = await client.verify_request(fields(scope), scope["method"], url)
    except BaseAuthError as error:
        content = {"error": error.get_error_code()}
        return error.get_status_code(), error.get_headers(), content
    if (scope["method"], scope["path"]) == ("GET", "/whoami"):
        return 200, {}, {"sub": claims["sub"]}
    return 404, {}, {}


async def app(scope: dict, receive, send) -> None:
    status, headers, content = await answer(scope)
    headers = {"Content-Type": "application/json", **headers}
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": encoded})
    await send({"type": "http.response.body", "body": json.dumps(content).encode()})


if __name__ == "__main__":
    # An error that is not the library's becomes a 500, in the log.
    uvicorn.run(app, host="127.0.0.1", port=PORT, lifespan="off", access_log=False)
