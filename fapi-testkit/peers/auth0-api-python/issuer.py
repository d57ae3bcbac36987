"""An issuer without a server, for a library that trusts https issuers and RS256 only.

`issuer.py key` writes a new key to $ISSUER_KEY; `issuer.py token` prints a token for $AUDIENCE that is bound to the key
with the thumbprint in $FAPI_JKT.
"""

import json
import os
import sys
import time
import uuid
from pathlib import Path

from joserfc import jwt
from joserfc.jwk import RSAKey

DOMAIN = "issuer.example"
IDENTIFIER = f"https://{DOMAIN}/"
LIFETIME = 15 * 60


def main(command: str) -> None:
    path = Path(os.environ["ISSUER_KEY"])
    if command == "key":
        key = RSAKey.generate_key(2048, {"kid": "1", "alg": "RS256", "use": "sig"})
        path.touch(mode=0o600)
        path.write_text(json.dumps(key.as_dict(private=True)))
    elif command == "token":
        print(token(load_key(path), os.environ["AUDIENCE"], os.environ["FAPI_JKT"]))
    else:
        sys.exit(__doc__)


def load_key(path: Path) -> RSAKey:
    return RSAKey.import_key(json.loads(path.read_text()))


def token(key: RSAKey, audience: str, thumbprint: str) -> str:
    now = int(time.time())
    claims = {
        "iss": IDENTIFIER,
        "aud": audience,
        "sub": "alice",
        "client_id": "client",
        "scope": "openid",
        "iat": now,
        "exp": now + LIFETIME,
        "jti": str(uuid.uuid4()),
        "cnf": {"jkt": thumbprint},
    }
    return jwt.encode({"typ": "at+jwt", "alg": "RS256", "kid": "1"}, claims, key, algorithms=["RS256"])


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) == 2 else "")
