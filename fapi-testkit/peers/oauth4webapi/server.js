// A resource server of Node's own HTTP server and oauth4webapi: DPoP only, and the algorithms of FAPI 2.0.
// Environment: PORT, ISSUER (its metadata is read at the first request), AUDIENCE.

import { createServer } from "node:http";
import * as oauth from "oauth4webapi";

const { PORT, ISSUER, AUDIENCE } = process.env;
const ORIGIN = `http://127.0.0.1:${PORT}`;
const ALGORITHMS = ["PS256", "ES256", "Ed25519", "EdDSA"];

// The issuer of a test is on a loopback address, without TLS.
const INSECURE = { [oauth.allowInsecureRequests]: true };

let authorizationServer;

async function discover() {
  const issuer = new URL(ISSUER);
  const response = await oauth.discoveryRequest(issuer, { algorithm: "oauth2", ...INSECURE });
  return oauth.processDiscoveryResponse(issuer, response);
}

/** The request as the Fetch API has it; a field that was sent twice is one with both values. */
function toRequest(request) {
  const headers = new Headers();
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    values.forEach((value) => headers.append(name, value));
  }
  return new Request(ORIGIN + request.url, { method: request.method, headers });
}

async function authorize(request) {
  authorizationServer ??= await discover();
  const options = { requireDPoP: true, signingAlgorithms: ALGORITHMS, ...INSECURE };
  return oauth.validateJwtAccessToken(authorizationServer, request, AUDIENCE, options);
}

/** The library does not say whether it is the token or the proof that it refuses. */
function challenge(request) {
  const error = request.headers.has("authorization") ? `error="invalid_token", ` : "";
  return { "WWW-Authenticate": `DPoP ${error}algs="${ALGORITHMS.join(" ")}"` };
}

/** Status, header fields and content of the answer. */
async function answer(request) {
  let claims;
  try {
    claims = await authorize(request);
  } catch (error) {
    const refused = error instanceof oauth.OperationProcessingError || error instanceof oauth.UnsupportedOperationError;
    if (!refused) throw error;
    return [401, challenge(request), {}];
  }
  const scopes = String(claims.scope ?? "").split(" ");
  switch (`${request.method} ${new URL(request.url).pathname}`) {
    case "GET /whoami":
      return [200, {}, { sub: claims.sub }];
    case "GET /records":
      if (scopes.includes("records:read")) return [200, {}, []];
      return [403, { "WWW-Authenticate": `DPoP error="insufficient_scope", scope="records:read"` }, {}];
    default:
      return [404, {}, {}];
  }
}

const server = createServer(async (request, response) => {
  try {
    const [status, headers, content] = await answer(toRequest(request));
    response.writeHead(status, { "Content-Type": "application/json", ...headers }).end(JSON.stringify(content));
  } catch (error) {
    console.error(error);
    response.writeHead(500).end();
  }
});
server.listen(Number(PORT), "127.0.0.1");
