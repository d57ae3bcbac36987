// The OAuthVerifier of @atproto/oauth-provider, which is the part for resource servers; with its own replay store in
// memory. Nonces are off (`dpopSecret: false`), since the proofs are made ahead of time.

import { JoseKey } from "@atproto/jwk-jose";
import { OAuthVerifier } from "@atproto/oauth-provider/verifier";

export async function configure({ issuer, jwks, audience, method, url }) {
  const keyset = await Promise.all(jwks.keys.map((key) => JoseKey.fromJWK(key)));
  const target = new URL(url);
  return {
    server: () => new OAuthVerifier({ issuer, keyset, dpopSecret: false }),
    input: ({ scheme, token, proof }) => ({ authorization: `${scheme} ${token}`, ...(proof && { dpop: proof }) }),
    verify: (server, headers) => server.authenticateRequest(method, target, headers, { audience: [audience] }),
  };
}
