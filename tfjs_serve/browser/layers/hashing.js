// Hashes of strings, as TensorFlow's string operations compute them, with 64-bit integers.

part("hashing", [], () => {
  const BITS = 64;
  const low64 = (value) => BigInt.asUintN(BITS, value);
  const multiply = (one, other) => low64(one * other);
  const rotateRight = (value, count) =>
    low64((value >> BigInt(count)) | (value << BigInt(BITS - count)));
  const rotateLeft = (value, count) => rotateRight(value, BITS - count);
  const folded = (value) => value ^ (value >> 47n);

  const bytesOf = (text) => new TextEncoder().encode(text);

  /** Read `count` bytes as an integer, the lowest byte first. */
  function fetched(bytes, start, count = 8) {
    let value = 0n;
    for (let index = count - 1; index >= 0; index--) {
      value = (value << 8n) | BigInt(bytes[start + index]);
    }
    return value;
  }

  // --- FarmHash: `Fingerprint64`, which is `farmhashna::Hash64` of google/farmhash --------------

  const K0 = 0xc3a5c85c97cb3127n;
  const K1 = 0xb492b66fbe98f273n;
  const K2 = 0x9ae16a3b2f90404fn;

  function mixed(one, other, factor) {
    const first = folded(multiply(one ^ other, factor));
    return multiply(folded(multiply(other ^ first, factor)), factor);
  }

  function farmUpTo16(bytes) {
    const size = bytes.length;
    const factor = low64(K2 + BigInt(size) * 2n);
    if (size >= 8) {
      const first = low64(fetched(bytes, 0) + K2);
      const last = fetched(bytes, size - 8);
      const c = low64(multiply(rotateRight(last, 37), factor) + first);
      const d = multiply(low64(rotateRight(first, 25) + last), factor);
      return mixed(c, d, factor);
    }
    if (size >= 4) {
      const first = BigInt(size) + (fetched(bytes, 0, 4) << 3n);
      return mixed(first, fetched(bytes, size - 4, 4), factor);
    }
    if (size === 0) return K2;
    const y = BigInt(bytes[0] + bytes[size >> 1] * 256);
    const z = BigInt(size + bytes[size - 1] * 4);
    return multiply(folded(multiply(y, K2) ^ multiply(z, K0)), K2);
  }

  function farmUpTo32(bytes) {
    const size = bytes.length;
    const factor = low64(K2 + BigInt(size) * 2n);
    const a = multiply(fetched(bytes, 0), K1);
    const b = fetched(bytes, 8);
    const c = multiply(fetched(bytes, size - 8), factor);
    const d = multiply(fetched(bytes, size - 16), K2);
    return mixed(
      low64(rotateRight(low64(a + b), 43) + rotateRight(c, 30) + d),
      low64(a + rotateRight(low64(b + K2), 18) + c),
      factor,
    );
  }

  function farmUpTo64(bytes) {
    const size = bytes.length;
    const factor = low64(K2 + BigInt(size) * 2n);
    const a = multiply(fetched(bytes, 0), K2);
    const b = fetched(bytes, 8);
    const c = multiply(fetched(bytes, size - 8), factor);
    const d = multiply(fetched(bytes, size - 16), K2);
    const y = low64(rotateRight(low64(a + b), 43) + rotateRight(c, 30) + d);
    const z = mixed(y, low64(a + rotateRight(low64(b + K2), 18) + c), factor);
    const e = multiply(fetched(bytes, 16), factor);
    const f = fetched(bytes, 24);
    const g = multiply(low64(y + fetched(bytes, size - 32)), factor);
    const h = multiply(low64(z + fetched(bytes, size - 24)), factor);
    return mixed(
      low64(rotateRight(low64(e + f), 43) + rotateRight(g, 30) + h),
      low64(e + rotateRight(low64(f + a), 18) + g),
      factor,
    );
  }

  /** Mix 32 bytes into a pair of numbers. */
  function weak(bytes, start, a, b) {
    const [w, x, y, z] = [0, 8, 16, 24].map((offset) => fetched(bytes, start + offset));
    const seeded = low64(a + w);
    const turned = rotateRight(low64(b + seeded + z), 21);
    const sum = low64(seeded + x + y);
    return [low64(sum + z), low64(turned + rotateRight(sum, 44) + seeded)];
  }

  function farmLong(bytes) {
    const size = bytes.length;
    let x = 81n;
    let y = low64(81n * K1 + 113n);
    let z = multiply(folded(low64(y * K2 + 113n)), K2);
    let v = [0n, 0n];
    let w = [0n, 0n];
    x = low64(x * K2 + fetched(bytes, 0));
    const at = (start, offset) => fetched(bytes, start + offset);
    const round = (start, factor, scale) => {
      x = multiply(rotateRight(low64(x + y + v[0] + at(start, 8)), 37), factor);
      y = multiply(rotateRight(low64(y + v[1] + at(start, 48)), 42), factor);
      x ^= low64(w[1] * scale);
      y = low64(y + v[0] * scale + at(start, 40));
      z = multiply(rotateRight(low64(z + w[0]), 33), factor);
      v = weak(bytes, start, multiply(v[1], factor), low64(x + w[0]));
      w = weak(bytes, start + 32, low64(z + w[1]), low64(y + at(start, 16)));
      [z, x] = [x, z];
    };
    const end = Math.floor((size - 1) / 64) * 64;
    for (let start = 0; start < end; start += 64) round(start, K1, 1n);
    const factor = low64(K1 + ((z & 0xffn) << 1n));
    w[0] = low64(w[0] + BigInt((size - 1) & 63));
    v[0] = low64(v[0] + w[0]);
    w[0] = low64(w[0] + v[0]);
    round(size - 64, factor, 9n);
    return mixed(
      low64(mixed(v[0], w[0], factor) + multiply(folded(y), K0) + z),
      low64(mixed(v[1], w[1], factor) + x),
      factor,
    );
  }

  function farmHash(text) {
    const bytes = bytesOf(text);
    if (bytes.length <= 16) return farmUpTo16(bytes);
    if (bytes.length <= 32) return farmUpTo32(bytes);
    return bytes.length <= 64 ? farmUpTo64(bytes) : farmLong(bytes);
  }

  // --- SipHash-2-4, with a key of two numbers ---------------------------------------------------

  function sipHash(text, key) {
    const bytes = bytesOf(text);
    const [k0, k1] = key.map((part) => low64(BigInt(part)));
    let v0 = k0 ^ 0x736f6d6570736575n;
    let v1 = k1 ^ 0x646f72616e646f6dn;
    let v2 = k0 ^ 0x6c7967656e657261n;
    let v3 = k1 ^ 0x7465646279746573n;
    const rounds = (count) => {
      for (let index = 0; index < count; index++) {
        v0 = low64(v0 + v1);
        v2 = low64(v2 + v3);
        v1 = rotateLeft(v1, 13) ^ v0;
        v3 = rotateLeft(v3, 16) ^ v2;
        v0 = rotateLeft(v0, 32);
        v2 = low64(v2 + v1);
        v0 = low64(v0 + v3);
        v1 = rotateLeft(v1, 17) ^ v2;
        v3 = rotateLeft(v3, 21) ^ v0;
        v2 = rotateLeft(v2, 32);
      }
    };
    const absorb = (word) => {
      v3 ^= word;
      rounds(2);
      v0 ^= word;
    };
    const whole = bytes.length - (bytes.length % 8);
    for (let start = 0; start < whole; start += 8) absorb(fetched(bytes, start));
    const rest = fetched(bytes, whole, bytes.length - whole);
    absorb((BigInt(bytes.length & 0xff) << 56n) | rest);
    v2 ^= 0xffn;
    rounds(4);
    return v0 ^ v1 ^ v2 ^ v3;
  }

  /** The bin of a string: `to_hash_bucket_strong` if there is a salt, else `_fast`. */
  const hashBin = (text, bins, salt) =>
    Number((salt ? sipHash(text, salt) : farmHash(text)) % BigInt(bins));

  // --- Crossing: `FingerprintCat64` and `sparse_cross_op.cc` ------------------------------------

  const MIX = 0xc6a4a7935bd1e995n;
  const DEFAULT_KEY = 0xdecafcaffen;

  function joined(one, other) {
    const start = one ^ MIX ^ multiply(folded(multiply(other, MIX)), MIX);
    return folded(multiply(folded(multiply(start, MIX)), MIX));
  }

  /** The bin of several values together, which are strings or integers. */
  const crossedBin = (values, bins) => {
    const hash = values.reduce((sum, value) => {
      const own = typeof value === "string" ? farmHash(value) : BigInt(Math.trunc(value));
      return joined(sum, low64(own));
    }, DEFAULT_KEY);
    return Number(hash % BigInt(bins));
  };

  return { hashBin, crossedBin };
});
