// The middleware of express-oauth2-jwt-bearer: DPoP only, RFC 9068 in full (`strict`), ES256 tokens. It is called with
// what it reads of a request and without express. It detects no replay: that is left to the application.

import { createServer } from "node:http";
import { once } from "node:events";
import expressOauth from "express-oauth2-jwt-bearer";

export async function configure({ issuer, jwks, audience, method, url }) {
  const issuerServer = createServer((_request, response) => {
    response.setHeader("Content-Type", "application/json");
    response.end(JSON.stringify(jwks));
  });
  issuerServer.listen(0, "127.0.0.1");
  await once(issuerServer, "listening");
  const jwksUri = `http://127.0.0.1:${issuerServer.address().port}/jwks`;
  const target = new URL(url);
  return {
    server: () =>
      expressOauth.auth({
        issuer,
        jwksUri,
        audience,
        tokenSigningAlg: "ES256",
        strict: true,
        dpop: { required: true },
      }),
    input: ({ scheme, token, proof }) => {
      const headers = { host: target.host, authorization: `${scheme} ${token}`, ...(proof && { dpop: proof }) };
      return {
        method,
        headers,
        protocol: target.protocol.slice(0, -1),
        originalUrl: target.pathname,
        get: (name) => headers[name.toLowerCase()],
        is: () => false,
      };
    },
    verify: (middleware, request) =>
      new Promise((resolve, reject) => {
        middleware(request, {}, (error) => (error ? reject(error) : resolve()));
      }),
  };
}
