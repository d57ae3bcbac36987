// A resource server of express and express-oauth2-jwt-bearer: DPoP only, and RFC 9068 in full (`strict`).
// Environment: PORT, ISSUER (its metadata is read at the first request), AUDIENCE.

import express from "express";
import { auth, requiredScopes } from "express-oauth2-jwt-bearer";

const { PORT, ISSUER, AUDIENCE } = process.env;

const app = express();
app.use(auth({ issuerBaseURL: ISSUER, audience: AUDIENCE, strict: true, dpop: { required: true } }));
app.get("/whoami", (request, response) => {
  response.json({ sub: request.auth.payload.sub });
});
app.get("/records", requiredScopes("records:read"), (_request, response) => {
  response.json([]);
});
app.listen(Number(PORT), "127.0.0.1");
