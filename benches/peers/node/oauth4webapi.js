// oauth4webapi: DPoP only, and the algorithms of FAPI 2.0. It detects no replay: that is left to the application.

import * as oauth from "oauth4webapi";

const ALGORITHMS = ["PS256", "ES256", "Ed25519", "EdDSA"];

export function configure({ issuer, jwks, audience, method, url }) {
  const authorizationServer = { issuer, jwks_uri: "https://as.example.com/jwks" };
  const options = {
    requireDPoP: true,
    signingAlgorithms: ALGORITHMS,
    [oauth.customFetch]: async () => Response.json(jwks),
  };
  return {
    server: () => ({ ...authorizationServer }),
    input: ({ scheme, token, proof }) => {
      const headers = new Headers({ authorization: `${scheme} ${token}` });
      if (proof) headers.set("dpop", proof);
      return new Request(url, { method, headers });
    },
    verify: (server, request) => oauth.validateJwtAccessToken(server, request, audience, options),
  };
}
