#!/usr/bin/env node
/*
 * An implementation to begin from, in JavaScript: it answers three operations, with Node's own library alone.
 *
 *     conformance vectors --impl 'node vectors/starter/starter.mjs'
 *
 * Its tests are held, all others unsupported. For the next operation: read it in OPERATIONS.md and its section in
 * SPEC, and put a function into `operations` that takes the input and returns the output. What is refused is
 * `throw new Refused(reason)`. Integers of messages have 64 bits: read them as BigInt.
 */

import { createHash, createHmac, ECDH } from "node:crypto";
import { createInterface } from "node:readline";

/** Something is refused for a reason of SPEC's table. */
class Refused extends Error {}

/** Bytes from hexadecimal in lower case; Buffer.from alone would drop what is none. */
function bytes(hex) {
  if (!/^([0-9a-f]{2})*$/.test(hex)) throw new TypeError("no bytes in hexadecimal");
  return Buffer.from(hex, "hex");
}

const sha256 = (...parts) => {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
};

/* --- SPEC, "Primitives" --- */

/** A key is the uncompressed form of a point on P-256, and nothing else is. */
function checkPoint(point) {
  if (point.length !== 65 || point[0] !== 4) throw new Refused("invalid-key");
  try {
    // It refuses what is not on the curve.
    ECDH.convertKey(point, "prime256v1", undefined, undefined, "compressed");
  } catch {
    throw new Refused("invalid-key");
  }
}

/** HKDF-Expand with SHA-256 (RFC 5869 section 2.3), for at most 32 bytes. */
const expand = (key, info, length) =>
  createHmac("sha256", key).update(info).update(Buffer.of(1)).digest().subarray(0, length);

/* --- SPEC, "Contacts" --- */

/** The 60 digits, in two halves, of the account and the member's key. */
function safetyNumber(account, member) {
  const half = (which) => {
    const of = sha256(`eiot/1 safety number ${which} `, account, member);
    const group = (place) => String(of.readUIntBE(5 * place, 5) % 100_000).padStart(5, "0");
    return [0, 1, 2, 3, 4, 5].map(group).join("");
  };
  return half(1) + half(2);
}

const operations = {
  /** SPEC, "Primitives": the short name of a key. */
  "key-id"(given) {
    const point = bytes(given.point);
    checkPoint(point);
    return { id: sha256(point).toString("hex", 0, 16) };
  },

  /** What was read out has these digits; 0 to 9 alone are digits. */
  "safety-number-check"(given) {
    const right = safetyNumber(bytes(given.account), bytes(given.member));
    if (given.told.replace(/[^0-9]/g, "") !== right) throw new Refused("safety-number");
    return {};
  },

  /** SPEC, "Parts": where a member looks for its part of the grants, and what opens it. */
  "part-lookup"(given) {
    const pairwise = bytes(given.pairwise);
    const index = Buffer.alloc(4);
    index.writeUInt32BE(given.index);
    const of = Buffer.concat([bytes(given.statement), index]);
    const derive = (label, length) => expand(pairwise, Buffer.concat([Buffer.from(label), of]), length);
    const find = derive("eiot/1 grant find", 8);
    return {
      find: find.toString("hex"),
      seal: derive("eiot/1 grant seal", 16).toString("hex"),
      shard: Number(find.readBigUInt64BE() >> BigInt(64 - given.shard_bits)),
    };
  },
};

/* --- PROTOCOL.md --- */

/** The answer to one request, without its id. */
function answer({ operation, input }) {
  if (operation === "hello") {
    const capabilities = Object.keys(operations).sort();
    return { result: "accept", output: { name: "starter", version: "1", capabilities } };
  }
  if (operation === "reset") return { result: "accept", output: {} };
  if (!Object.hasOwn(operations, operation)) return { result: "unsupported" };
  try {
    return { result: "accept", output: operations[operation](input) };
  } catch (error) {
    if (error instanceof Refused) return { result: "reject", reason: error.message };
    // A request that makes no sense. No test has one, and so this is never right.
    return { result: "error", message: String(error) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  console.log(JSON.stringify({ id: request.id, ...answer(request) }));
}
