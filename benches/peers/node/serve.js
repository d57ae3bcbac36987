// One library at a time, behind the protocol that `benches/peers/measure.py` describes.
// Arguments: the library, and the file of requests.

import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const LIBRARIES = {
  oauth4webapi: "./oauth4webapi.js",
  "@atproto/oauth-provider": "./atproto-oauth-provider.js",
  "express-oauth2-jwt-bearer": "./express-oauth2-jwt-bearer.js",
};

const [library, file] = process.argv.slice(2);
const lines = readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line));
const setting = lines.find((line) => line.setting).setting;
const proofs = lines.filter((line) => line.proof).map((line) => line.proof);
const cases = new Map(lines.filter((line) => line.case).map((line) => [line.case.name, line.case]));

const { configure } = await import(LIBRARIES[library]);
// `server` makes one that has seen nothing, `input` a request in the library's form; `verify` throws what it refuses.
const peer = await configure(setting);
const inputs = proofs.map((proof) => peer.input({ scheme: "DPoP", token: setting.token, proof }));
let server = await peer.server();

async function measure(from, count) {
  const ns = [];
  for (const input of inputs.slice(from, from + count)) {
    const start = process.hrtime.bigint();
    await peer.verify(server, input);
    ns.push(Number(process.hrtime.bigint() - start));
  }
  return { ns };
}

async function outcome({ times, ...request }) {
  const fresh = await peer.server();
  for (let time = 1; time < times; time++) await peer.verify(fresh, peer.input(request));
  try {
    await peer.verify(fresh, peer.input(request));
    return { accepted: true };
  } catch (error) {
    return { accepted: false, refusal: `${error.message}${error.cause?.message ? `: ${error.cause.message}` : ""}` };
  }
}

async function obey(command) {
  switch (command.do) {
    case "fresh":
      server = await peer.server();
      return {};
    case "turn":
      return measure(command.from, command.count);
    case "case":
      return outcome(cases.get(command.name));
    default:
      throw new Error(`unknown command ${command.do}`);
  }
}

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

answer({ ready: true });
for await (const line of createInterface({ input: process.stdin })) answer(await obey(JSON.parse(line)));
process.exit(0);
